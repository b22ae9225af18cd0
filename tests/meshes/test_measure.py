"""Are faces, size and closedness of a model measured rightly?"""

from __future__ import annotations

import io

import numpy as np
import pytest
import trimesh

from jobs.meshes import MeshError, measure_mesh
from tests import models


def show(positions, faces) -> bytes:
    builder = models.ModelBuilder()
    mesh = builder.add_mesh(np.asarray(positions, "<f4"), np.asarray(faces, "<u4"))
    return builder.show(builder.add_node(mesh=mesh)).build()


def test_it_works():
    facts = measure_mesh(models.make_box_glb(size=(1.0, 2.0, 4.0), translation=[1.0, 0.0, 0.0]))
    assert facts.faces == 12
    assert facts.vertices == 8
    assert facts.watertight is True
    assert facts.bounds == {"min": [0.5, -1.0, -2.0], "max": [1.5, 1.0, 2.0], "size": [1.0, 2.0, 4.0]}


def test_a_texture_seam_is_no_hole():
    """The sphere's vertices are doubled along a meridian and at the poles."""
    glb = models.make_sphere_glb(textured=True)
    assert not trimesh.load(io.BytesIO(glb), file_type="glb", force="mesh", process=False).is_watertight
    assert measure_mesh(glb).watertight is True


def test_a_missing_triangle_is_a_hole():
    assert measure_mesh(show(models.BOX_CORNERS, models.BOX_FACES[1:])).watertight is False


def test_a_triangle_too_many_is_not_closed():
    corners = np.concatenate([models.BOX_CORNERS, [[2, 2, 2]]])
    assert measure_mesh(show(corners, [*models.BOX_FACES.tolist(), [0, 1, 8]])).watertight is False


def test_triangles_without_area_make_no_hole():
    assert measure_mesh(show(models.BOX_CORNERS, [*models.BOX_FACES.tolist(), [0, 0, 1]])).watertight is True


def test_negative_zero_is_zero():
    corners = np.concatenate([models.BOX_CORNERS + 0.5, [[-0.0, -0.0, -0.0]]])
    faces = models.BOX_FACES.tolist()
    faces[0] = [8, 1, 3]
    assert measure_mesh(show(corners, faces)).watertight is True


def test_nothing_but_flat_triangles_holds_no_water():
    assert measure_mesh(show([[0, 0, 0], [1, 0, 0]], [[0, 1, 1]])).watertight is False


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_another_library(seed):
    """Random closed or torn unions of boxes and spheres."""
    dice = np.random.default_rng(seed)
    pieces = [trimesh.creation.icosphere(2), trimesh.creation.box(), trimesh.creation.torus(2, 0.5)]
    for number, piece in enumerate(pieces):
        piece.apply_translation([5 * number, 0, 0])
    whole = trimesh.util.concatenate(pieces)
    torn = dice.random() < 0.5
    faces = whole.faces[1:] if torn else whole.faces
    facts = measure_mesh(show(whole.vertices, faces[dice.permutation(len(faces))]))
    assert facts.watertight is trimesh.Trimesh(whole.vertices, faces, process=True).is_watertight
    assert facts.faces == len(faces)


def test_it_refuses_what_is_not_a_model():
    with pytest.raises(MeshError) as caught:
        measure_mesh(b"<html>")
    assert caught.value.code == "result_invalid_glb"
