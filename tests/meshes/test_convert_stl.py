"""Is our STL ready for a slicer: closed, in millimetres, z up and standing on the plate?"""

from __future__ import annotations

import io

import numpy as np
import pytest
import trimesh

from jobs.meshes import MeshError, convert_glb
from tests import models


def load(stl: bytes) -> trimesh.Trimesh:
    return trimesh.load(io.BytesIO(stl), file_type="stl")


def test_it_works():
    mesh = load(convert_glb(models.make_sphere_glb(), format="stl", name="ball"))
    assert mesh.is_watertight
    assert mesh.volume > 0
    assert np.allclose(mesh.bounds, [[-50, -50, 0], [50, 50, 100]], atol=0.2)


def test_what_was_high_is_high():
    stl = convert_glb(models.make_box_glb(size=(1.0, 4.0, 2.0), translation=[9.0, 9.0, 9.0]), format="stl", name="box")
    mesh = load(stl)
    assert np.allclose(mesh.extents, [25, 50, 100], atol=1e-3)
    assert np.allclose(mesh.bounds[0], [-12.5, -25, 0], atol=1e-3)


def test_the_front_faces_the_front():
    """A wedge that is thick in front (+z) is thick towards -y, where slicers put the front."""
    corners = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [0, 0, 0]], "<f4")
    builder = models.ModelBuilder()
    mesh = builder.add_mesh(corners, np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], "<u2"))
    found = load(convert_glb(builder.show(builder.add_node(mesh=mesh)).build(), format="stl", name="wedge"))
    assert found.volume > 0
    assert found.center_mass[1] < 0


def test_the_longest_edge_can_be_chosen():
    mesh = load(convert_glb(models.make_box_glb(), format="stl", name="box", longest_edge_mm=42.5))
    assert np.allclose(mesh.extents, 42.5)


@pytest.mark.parametrize("length", [0.0, -5.0, float("nan"), float("inf"), 1e9])
def test_it_refuses_absurd_lengths(length):
    with pytest.raises(MeshError) as caught:
        convert_glb(models.make_box_glb(), format="stl", name="box", longest_edge_mm=length)
    assert caught.value.code == "conversion_failed"


def test_the_file_is_binary_with_unit_normals():
    stl = convert_glb(models.make_box_glb(), format="stl", name="box")
    assert len(stl) == 84 + 12 * 50
    assert not stl.startswith(b"solid")
    rows = np.frombuffer(stl, np.dtype([("normal", "<f4", 3), ("rest", "V38")]), offset=84)
    assert np.allclose(np.linalg.norm(rows["normal"], axis=1), 1)


def test_triangles_without_area_have_no_normal():
    builder = models.ModelBuilder()
    mesh = builder.add_mesh(models.BOX_CORNERS, np.array([[0, 1, 2], [3, 3, 3]], "<u2"))
    stl = convert_glb(builder.show(builder.add_node(mesh=mesh)).build(), format="stl", name="box")
    assert np.isfinite(np.frombuffer(stl, "<f4", 3, offset=84 + 50)).all()


def test_the_bytes_are_the_same_every_time():
    glb = models.make_parts_glb()
    assert convert_glb(glb, format="stl", name="a") == convert_glb(glb, format="stl", name="b")
