"""Does the reader see in a GLB what an independent reader sees?"""

from __future__ import annotations

import io

import numpy as np
import pytest
import trimesh

from jobs.meshes import MeshError, read_mesh
from tests import models
from tests.gltf import find_faults, validate_glbs


def load(glb: bytes) -> trimesh.Trimesh:
    return trimesh.load(io.BytesIO(glb), file_type="glb", force="mesh", process=False)


def soup(positions, faces) -> np.ndarray:
    """Triangles as sorted rows, whatever the order of vertices and faces."""
    rows = np.sort(np.asarray(positions)[np.asarray(faces)].round(4) + 0.0, axis=1).reshape(len(faces), -1)
    return rows[np.lexsort(rows.T)]


def test_it_works():
    mesh = read_mesh(models.make_sphere_glb(textured=True))
    (part,) = mesh.parts
    assert part.positions.dtype == np.float32
    assert part.normals is not None
    assert part.uvs is not None
    assert part.material.texture is not None
    assert part.material.texture.mime == "image/png"
    assert part.material.texture.data == models.make_picture()
    assert np.allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-5)


def test_the_models_of_these_tests_are_sound():
    sound = [
        models.make_box_glb(),
        models.make_sphere_glb(textured=True),
        models.make_sphere_glb(textured=True, kind="JPEG"),
        models.make_parts_glb(),
        models.make_coloured_glb(),
    ]
    assert [find_faults(report) for report in validate_glbs(sound)] == [[]] * len(sound)


def test_it_applies_nested_transforms():
    glb = models.make_parts_glb()
    mesh, other = read_mesh(glb), load(glb)
    assert len(mesh.parts) == 3
    assert np.allclose(soup(mesh.positions, mesh.faces), soup(other.vertices, other.faces), atol=2e-4)


def test_it_keeps_the_outside_outside():
    """A mirrored box has a positive volume, so its faces were turned round with it."""
    mesh = read_mesh(models.make_parts_glb())
    for part in mesh.parts:
        assert trimesh.Trimesh(part.positions, part.faces, process=False).volume > 0.1


def test_it_turns_normals_with_the_surface():
    mesh = read_mesh(models.build_sphere(faces=500).build())
    squashed = models.build_sphere(faces=500)
    squashed.tree["nodes"][0].update(scale=[-1, 0.2, 3], rotation=[0.5, 0.5, 0.5, 0.5])
    part = read_mesh(squashed.build()).parts[0]
    flat = trimesh.Trimesh(part.positions, part.faces, process=False)
    smooth = part.normals[part.faces].sum(axis=1)
    assert (np.einsum("ij,ij->i", smooth, flat.face_normals) > 0).mean() > 0.99
    assert len(part.positions) == len(mesh.positions)


@pytest.mark.parametrize("mode", [5, 6])
def test_it_reads_strips_and_fans(mode):
    builder = models.ModelBuilder()
    square = np.array(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]] if mode == 5 else [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]],
        "<f4",
    )
    mesh = builder.add_mesh(square, None, mode=mode)
    part = read_mesh(builder.show(builder.add_node(mesh=mesh)).build()).parts[0]
    sides = part.positions[part.faces]
    normals = np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0])
    assert normals.tolist() == [[0, 0, 1], [0, 0, 1]]


def test_it_joins_pieces_of_one_material_and_drops_unused_vertices():
    builder = models.build_box()
    first = builder.tree["meshes"][0]["primitives"][0]
    half = builder.add_array(models.BOX_FACES[:1].reshape(-1, 1), target=34963)
    builder.tree["meshes"][0]["primitives"] = [first, {**first, "indices": half}]
    (part,) = read_mesh(builder.build()).parts
    assert len(part.faces) == 13
    assert len(part.positions) == 8 + 3


def test_it_reads_quantized_positions():
    builder = models.ModelBuilder()
    corners = (models.BOX_CORNERS * 2 * 32767).astype("<i2")
    padded = np.concatenate([corners, np.zeros((8, 1), "<i2")], axis=1)
    view = builder.add_view(padded.tobytes(), byteStride=8, target=34962)
    position = builder.add(
        "accessors",
        {
            "bufferView": view,
            "count": 8,
            "componentType": 5122,
            "type": "VEC3",
            "normalized": True,
            "min": [-1] * 3,
            "max": [1] * 3,
        },
    )
    faces = builder.add_array(models.BOX_FACES.reshape(-1, 1), target=34963)
    mesh = builder.add("meshes", {"primitives": [{"attributes": {"POSITION": position}, "indices": faces}]})
    builder.tree["extensionsRequired"] = builder.tree["extensionsUsed"] = ["KHR_mesh_quantization"]
    glb = builder.show(builder.add_node(mesh=mesh, scale=[0.5] * 3)).build()
    assert np.allclose(read_mesh(glb).positions, models.BOX_CORNERS)


def test_it_moves_texture_coordinates():
    builder = models.build_sphere(textured=True)
    plain = read_mesh(builder.build()).parts[0].uvs
    picture = builder.tree["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]
    picture["extensions"] = {"KHR_texture_transform": {"offset": [0.25, 0.5], "scale": [0.5, 2.0]}}
    moved = read_mesh(builder.build()).parts[0].uvs
    assert np.allclose(moved, plain * [0.5, 2.0] + [0.25, 0.5])


def test_it_reads_colours():
    part = read_mesh(models.make_coloured_glb()).parts[0]
    assert np.allclose(part.colours[:, :3], models.BOX_CORNERS + 0.5)


def test_it_checks_first():
    with pytest.raises(MeshError) as caught:
        read_mesh(models.make_box_glb()[:-4])
    assert caught.value.code == "result_truncated"
