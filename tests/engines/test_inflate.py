"""Does a flat net rise as it should, and does it become a closed body?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.engines.local.inflate import find_slopes, inflate
from jobs.engines.local.refine import cut_spokes, free_rim
from jobs.engines.local.solid import Side, Solid, close_solid, find_normals, is_closed, lift_off, measure_volume
from jobs.engines.local.triangulate import Net
from tests import pictures
from tests.engines.test_triangulate import _build

RADIUS = 0.7 * 128


@pytest.fixture(scope="module")
def disc() -> Net:
    return cut_spokes(_build(pictures.draw_disc(256, radius=0.7), spacing=4), shares=(0.08, 0.32))


def _close(net: Net, membrane: np.ndarray) -> Solid:
    heights = lift_off(np.sqrt(membrane), rim=net.rim, size=256)
    side = Side(heights=heights, normals=np.column_stack([-find_slopes(net, membrane), 2 * heights]))
    return close_solid(net, front=side, back=side)


def test_a_disc_becomes_a_hemisphere(disc):
    heights = np.sqrt(inflate(disc))
    from_middle = np.hypot(*(disc.points - 128).T)
    used = np.unique(disc.triangles)
    sphere = np.sqrt(np.maximum(RADIUS**2 - from_middle**2, 0))
    well_inside = used[from_middle[used] < 0.97 * RADIUS]
    assert np.abs(heights - sphere)[well_inside].max() < 0.01 * RADIUS
    assert (heights[disc.rim] == 0).all()


def test_stiffness_flattens(disc):
    assert inflate(disc, stiffness=0.01).max() < 0.25 * inflate(disc).max()


def test_the_body_is_a_closed_sphere(disc):
    solid = _close(disc, inflate(disc))
    assert is_closed(solid)
    assert np.isclose(measure_volume(solid), 4 / 3 * np.pi * RADIUS**3, rtol=0.01)


def test_its_normals_point_outwards(disc):
    solid = _close(disc, inflate(disc))
    outwards = solid.vertices - (128, 128, 0)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    assert ((solid.normals * outwards).sum(axis=1) > 0.98).all()


def test_they_agree_with_the_faces(disc):
    solid = _close(disc, inflate(disc))
    assert ((find_normals(solid.vertices, solid.faces) * solid.normals).sum(axis=1) > 0.85).all()


def test_a_freed_rim_is_closed_by_a_flat_face(disc):
    lower = disc.rim & (disc.points[:, 1] < 128 - 0.8 * RADIUS)
    cut = free_rim(disc, lower)
    solid = _close(cut, inflate(cut, stiffness=1e-4))
    assert cut.is_cut
    assert is_closed(solid)
    assert measure_volume(solid) > 0


def test_a_body_with_a_hole_in_its_skin_is_not_closed(disc):
    solid = _close(disc, inflate(disc))
    assert not is_closed(replace(solid, faces=solid.faces[1:]))
    turned = np.vstack([solid.faces[:1, ::-1], solid.faces[1:]])
    assert not is_closed(replace(solid, faces=turned))
