"""Does our PLY hold the shape, and the texture's colours at its vertices?"""

from __future__ import annotations

import io

import numpy as np
import pytest
import trimesh

from jobs.meshes import MeshError, convert_glb, read_mesh
from tests import models


def load(glb: bytes) -> trimesh.Trimesh:
    ply = convert_glb(glb, format="ply", name="model")
    return trimesh.load(io.BytesIO(ply), file_type="ply", process=False)


def test_it_works():
    glb = models.make_sphere_glb(textured=True)
    mesh, source = load(glb), read_mesh(glb)
    assert np.array_equal(mesh.vertices, source.positions)
    assert np.array_equal(mesh.faces, source.faces)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_colours_come_from_the_texture(kind):
    """The picture's red grows to the right, its green downwards."""
    glb = models.make_sphere_glb(textured=True, kind=kind)
    uvs, colours = read_mesh(glb).parts[0].uvs, load(glb).visual.vertex_colors
    inside = (uvs > 0.05).all(axis=1) & (uvs < 0.95).all(axis=1)
    assert np.abs(colours[inside, :2] / 255 - uvs[inside]).max() < (0.02 if kind == "PNG" else 0.08)
    assert (colours[:, 3] == 255).all()


@pytest.mark.parametrize(
    ("wrap", "left", "right"),
    [(10497, 0.3, 0.7), (33071, 0.0, 1.0), (33648, 0.7, 0.3)],
    ids=["repeat", "clamp", "mirror"],
)
def test_texture_coordinates_beyond_the_edge_follow_the_sampler(wrap, left, right):
    builder = models.ModelBuilder()
    texture = builder.add_texture(models.make_picture())
    builder.tree["samplers"] = [{"wrapS": wrap, "wrapT": wrap}]
    builder.tree["textures"][0]["sampler"] = 0
    uvs = np.array([[-0.7, 0.5], [1.7, 0.5], [0.5, 0.5]], "<f4")
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4")
    mesh = builder.add_mesh(
        corners, np.array([[0, 1, 2]], "<u2"), uvs=uvs, material=builder.add_material(texture=texture)
    )
    red = load(builder.show(builder.add_node(mesh=mesh)).build()).visual.vertex_colors[:, 0] / 255
    assert np.allclose(red, [left, right, 0.5], atol=0.03)


def test_colours_of_materials_and_vertices_count():
    assert set(map(tuple, load(models.make_box_glb()).visual.vertex_colors.tolist())) == {(231, 89, 89, 255)}
    corners = load(models.make_coloured_glb()).visual.vertex_colors[:, :3]
    assert np.array_equal(corners > 128, models.BOX_CORNERS > 0)


def test_several_parts_are_one():
    glb = models.make_parts_glb()
    assert len(load(glb).faces) == len(read_mesh(glb).faces)


def test_the_bytes_are_the_same_every_time():
    glb = models.make_parts_glb()
    assert convert_glb(glb, format="ply", name="a") == convert_glb(glb, format="ply", name="b")


def test_a_broken_texture_fails_the_conversion():
    builder = models.build_box()
    broken = builder.add_texture(models.make_picture()[:60])
    builder.tree["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] = {"index": broken}
    builder.tree["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_0"] = builder.add_array(np.zeros((8, 2), "<f4"))
    with pytest.raises(MeshError) as caught:
        convert_glb(builder.build(), format="ply", name="box")
    assert caught.value.code == "conversion_failed"


def test_a_huge_texture_is_not_decoded():
    """A few kilobytes of PNG that would fill gigabytes."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )
    builder = models.build_sphere(textured=True)
    builder.tree["textures"][0]["source"] = builder.add("images", {"bufferView": builder.add_view(bomb)})
    with pytest.raises(MeshError, match="too many pixels"):
        convert_glb(builder.build(), format="ply", name="ball")


def test_ktx2_is_left_alone():
    builder = models.build_sphere(textured=True)
    builder.tree["textures"][0]["source"] = builder.add(
        "images", {"bufferView": builder.add_view(b"\xabKTX 20\xbb\r\n\x1a\n" + b"\0" * 80)}
    )
    for format in ("ply", "usdz"):
        with pytest.raises(MeshError) as caught:
            convert_glb(builder.build(), format=format, name="ball")
        assert caught.value.code == "conversion_unsupported"
    assert convert_glb(builder.build(), format="stl", name="ball")
