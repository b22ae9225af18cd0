"""Is our USDZ what the makers of USD call valid, and does it hold what the model holds?"""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image
from pxr import Usd, UsdGeom, UsdShade, UsdValidation

from jobs.meshes import convert_glb, read_mesh
from tests import models


def make_clear_glb(mode: str) -> bytes:
    builder = models.build_sphere(textured=True)
    builder.tree["materials"][0]["alphaMode"] = mode
    return builder.build()


MODELS = {
    "mask": lambda: make_clear_glb("MASK"),
    "blend": lambda: make_clear_glb("BLEND"),
    "box": models.make_box_glb,
    "coloured": models.make_coloured_glb,
    "parts": models.make_parts_glb,
    "png": lambda: models.make_sphere_glb(textured=True),
    "jpeg": lambda: models.make_sphere_glb(textured=True, kind="JPEG"),
    "webp": lambda: models.make_sphere_glb(textured=True, kind="WEBP"),
}


def open_stage(glb: bytes, folder, *, name: str = "model") -> Usd.Stage:
    path = folder / "model.usdz"
    path.write_bytes(convert_glb(glb, format="usdz", name=name))
    return Usd.Stage.Open(str(path))


def find_faults(stage: Usd.Stage) -> list[str]:
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert len(validators) > 20
    return [
        f"{fault.GetName()}: {fault.GetMessage()}"
        for fault in UsdValidation.ValidationContext(validators).Validate(stage)
    ]


@pytest.mark.parametrize("kind", MODELS)
def test_it_works(kind, tmp_path):
    stage = open_stage(MODELS[kind](), tmp_path)
    assert find_faults(stage) == []
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert stage.GetDefaultPrim().GetName() == "Model"


def test_the_validators_can_find_a_fault(tmp_path):
    """A stage without units and default prim is refused, so an empty list of faults means something."""
    stage = Usd.Stage.CreateNew(str(tmp_path / "bad.usda"))
    UsdGeom.Mesh.Define(stage, "/Thing")
    assert find_faults(stage) != []


def test_it_keeps_shape_and_coordinates(tmp_path):
    glb = models.make_sphere_glb(textured=True)
    part = read_mesh(glb).parts[0]
    stage = open_stage(glb, tmp_path)
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Model/Part_0"))
    assert np.allclose(mesh.GetPointsAttr().Get(), part.positions, atol=1e-7)
    assert np.array_equal(np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3), part.faces)
    assert np.allclose(mesh.GetNormalsAttr().Get(), part.normals, atol=6e-5)
    st = UsdGeom.PrimvarsAPI(mesh).GetPrimvar("st").Get()
    assert np.allclose(st, part.uvs * [1, -1] + [0, 1], atol=1e-6)


def test_every_part_has_its_material(tmp_path):
    stage = open_stage(models.make_parts_glb(), tmp_path)
    colours = []
    for number in range(3):
        bound = UsdShade.MaterialBindingAPI(stage.GetPrimAtPath(f"/Model/Part_{number}")).ComputeBoundMaterial()[0]
        surface = bound.ComputeSurfaceSource()[0]
        colours.append(surface.GetInput("diffuseColor"))
    assert np.allclose(colours[0].Get(), [0.8, 0.1, 0.1])
    assert np.allclose(colours[1].Get(), [0.1, 0.6, 0.2])
    assert colours[2].HasConnectedSource()


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("JPEG", "jpg")])
def test_the_texture_is_not_encoded_again(kind, suffix):
    usdz = convert_glb(models.make_sphere_glb(textured=True, kind=kind), format="usdz", name="ball")
    with zipfile.ZipFile(io.BytesIO(usdz)) as archive:
        assert archive.namelist() == ["ball.usda", f"textures/texture.{suffix}"]
        assert archive.read(f"textures/texture.{suffix}") == models.make_picture(kind=kind)


def test_webp_becomes_png():
    usdz = convert_glb(models.make_sphere_glb(textured=True, kind="WEBP"), format="usdz", name="ball")
    with zipfile.ZipFile(io.BytesIO(usdz)) as archive:
        found = Image.open(io.BytesIO(archive.read("textures/texture.png"))).convert("RGB")
    source = Image.open(io.BytesIO(models.make_picture(kind="WEBP"))).convert("RGB")
    assert np.array_equal(np.asarray(found), np.asarray(source))


@pytest.mark.parametrize("name", ["a", "a-name-of-another-length", "Stühle"])
def test_data_is_stored_at_multiples_of_64(name):
    usdz = convert_glb(models.make_sphere_glb(textured=True), format="usdz", name=name)
    with zipfile.ZipFile(io.BytesIO(usdz)) as archive:
        for entry in archive.infolist():
            lengths = struct.unpack_from("<HH", usdz, entry.header_offset + 26)
            assert (entry.header_offset + 30 + sum(lengths)) % 64 == 0
            assert entry.compress_type == zipfile.ZIP_STORED


def test_the_bytes_are_the_same_every_time():
    glb = models.make_parts_glb()
    assert convert_glb(glb, format="usdz", name="a") == convert_glb(glb, format="usdz", name="a")
