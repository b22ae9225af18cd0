"""Can other programs read our OBJ, with its materials and its untouched texture?"""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import trimesh

from jobs.meshes import MeshError, convert_glb, read_mesh
from jobs.meshes.text import Column, split_columns, write_rows
from tests import models


def unpack(glb: bytes, *, name: str = "model") -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(convert_glb(glb, format="obj", name=name))) as archive:
        assert archive.testzip() is None
        return {entry: archive.read(entry) for entry in archive.namelist()}


def load(files: dict[str, bytes], folder) -> trimesh.Trimesh:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return trimesh.load(folder / next(name for name in files if name.endswith(".obj")), force="mesh")


def test_it_works(tmp_path):
    files = unpack(models.make_sphere_glb(textured=True, kind="JPEG"), name="ball")
    assert list(files) == ["ball.obj", "ball.mtl", "ball.jpg"]
    mesh = load(files, tmp_path)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert mesh.is_watertight
    assert np.allclose(mesh.extents, 1.0, atol=1e-3)
    assert mesh.visual.material.image.size == (64, 64)


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
def test_the_texture_is_not_encoded_again(kind, suffix):
    files = unpack(models.make_sphere_glb(textured=True, kind=kind))
    assert files[f"model.{suffix}"] == models.make_picture(kind=kind)
    assert f"map_Kd model.{suffix}".encode() in files["model.mtl"]


def test_it_keeps_positions_coordinates_and_normals():
    glb = models.make_sphere_glb(textured=True, faces=300)
    part = read_mesh(glb).parts[0]
    rows = [line.split() for line in unpack(glb)["model.obj"].decode().splitlines()]
    found = {kind: np.array([row[1:] for row in rows if row[0] == kind], float) for kind in ("v", "vt", "vn")}
    assert np.allclose(found["v"], part.positions, atol=1e-7)
    assert np.allclose(found["vt"], part.uvs * [1, -1] + [0, 1], atol=1e-6)
    assert np.allclose(found["vn"], part.normals, atol=6e-5)
    faces = [row[1:] for row in rows if row[0] == "f"]
    assert faces == [[f"{n}/{n}/{n}" for n in face] for face in (part.faces + 1).tolist()]


def test_several_parts_keep_their_materials(tmp_path):
    files = unpack(models.make_parts_glb())
    assert files["model.mtl"].count(b"newmtl") == 3
    mesh = load(files, tmp_path)
    assert len(mesh.faces) == len(read_mesh(models.make_parts_glb()).faces)
    assert np.allclose(mesh.bounds, [[-1.5556, -0.5, -1.5556], [1.5556, 1.5, 1.5556]], atol=1e-3)


def test_colours_stand_beside_positions():
    lines = unpack(models.make_coloured_glb())["model.obj"].decode().splitlines()
    rows = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    assert np.array_equal(rows[:, :3] + 0.5, rows[:, 3:])


def test_the_bytes_are_the_same_every_time():
    glb = models.make_parts_glb()
    assert convert_glb(glb, format="obj", name="model") == convert_glb(glb, format="obj", name="model")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\windows\\a.png", "C-windows-a.png"),
        ("Stühle & Tische", "Stuhle-Tische"),
        ("椅子", "model"),
        ("", "model"),
        ("...", "model"),
        ("con", "model-con"),
        ("a\nb\0c", "a-b-c"),
        ("x" * 300, "x" * 64),
        ("-rf", "rf"),
    ],
)
def test_names_are_plain_and_flat(name, stem):
    assert list(unpack(models.make_box_glb(), name=name)) == [f"{stem}.obj", f"{stem}.mtl"]


def test_it_refuses_unknown_formats():
    with pytest.raises(MeshError) as caught:
        convert_glb(models.make_box_glb(), format="fbx", name="model")
    assert caught.value.code == "conversion_unsupported"


@pytest.mark.parametrize("scale", [1e-5, 0.01, 1.0, 99.9999999, 12345.678, 9e8])
def test_numbers_keep_seven_digits(scale):
    values = (np.random.default_rng(3).uniform(-1, 1, (5000, 3)) * scale).astype(np.float32)
    fields = [field for column in split_columns(values) for field in (column, b" ")]
    read = np.array(write_rows([*fields, b"\n"]).split(), float).reshape(-1, 3)
    assert np.abs(read - values).max() <= np.abs(values).max() * 1.01e-6


def test_whole_numbers_are_exact():
    values = np.array([0, 7, 10, 99, 100, 123456789, 59_999_999], np.int32)
    assert write_rows([b"<", Column(values=values), b">"]) == b"".join(b"<%d>" % value for value in values.tolist())


def test_nothing_is_minus_zero():
    values = np.array([-1e-12, -0.0, 0.0, -0.5, 0.5], np.float32)
    assert write_rows([Column(values=values, decimals=2), b" "]) == b"0.00 0.00 0.00 -0.50 0.50 "
