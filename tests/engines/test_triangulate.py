"""Do the triangles fill the outline exactly, and do the cuts at the rim keep it so?"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from jobs.engines.local.heights import look_up, measure_depth
from jobs.engines.local.outline import trace_outline
from jobs.engines.local.refine import cut_chords, cut_spokes, find_edges
from jobs.engines.local.triangulate import Net, place_points, triangulate
from tests import pictures


def _read_alpha(image: Image.Image) -> np.ndarray:
    return np.asarray(image)[..., 3].astype(np.float32) / 255


def _build(image: Image.Image, *, spacing: float) -> Net:
    soft = _read_alpha(image)
    depth = measure_depth(soft)
    lattice = place_points(
        trace_outline(soft), lambda points: look_up(depth, points + 2), spacing=spacing, rim_spacing=spacing
    )
    return triangulate(lattice)


def _areas(net: Net) -> np.ndarray:
    a, b, c = (net.points[net.triangles[:, corner]] for corner in range(3))
    u, v = b - a, c - a
    return (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2


SHAPES = {
    "disc": pictures.draw_disc(),
    "mug": pictures.draw_mug(),
    "torus": pictures.draw_torus(),
    "pair": pictures.draw_pair(),
    "blob": pictures.draw_blob(3, detail=12),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("spacing", [3.0, 12.0])
def test_it_works(name, spacing):
    net = _build(SHAPES[name], spacing=spacing)
    assert (_areas(net) > 0).all()
    inside = _read_alpha(SHAPES[name]).sum()
    assert abs(_areas(net).sum() - inside) < 0.02 * inside + 40


@pytest.mark.parametrize("name", SHAPES)
def test_the_border_is_the_rim(name):
    net = _build(SHAPES[name], spacing=6)
    edges = find_edges(net.triangles, points=len(net.points))
    assert net.rim[edges.ends[edges.is_border]].all()
    assert edges.is_border.sum() == net.rim.sum()


@pytest.mark.parametrize("name", SHAPES)
def test_cuts_keep_the_area_and_the_border(name):
    net = _build(SHAPES[name], spacing=8)
    cut = cut_spokes(cut_chords(net), shares=(0.08, 0.32))
    assert len(cut.triangles) > len(net.triangles)
    assert (_areas(cut) > 0).all()
    assert np.isclose(_areas(cut).sum(), _areas(net).sum())
    edges = find_edges(cut.triangles, points=len(cut.points))
    assert edges.is_border.sum() == net.rim.sum()


def test_no_inner_edge_joins_two_points_of_the_rim():
    net = cut_chords(_build(SHAPES["mug"], spacing=14))
    edges = find_edges(net.triangles, points=len(net.points))
    assert not (net.rim[edges.ends].all(axis=1) & ~edges.is_border).any()


def test_a_disc_has_its_outline():
    outline = trace_outline(_read_alpha(pictures.draw_disc(256, radius=0.7)))
    radii = np.hypot(*(outline.curves[0].points - 128).T)
    assert np.abs(radii - 0.7 * 128).max() < 0.15


def test_holes_run_the_other_way():
    soft = _read_alpha(SHAPES["torus"])
    outline = trace_outline(soft)
    assert len(outline.curves) == 2
    assert abs(outline.area - soft.sum()) < 0.01 * soft.sum()
