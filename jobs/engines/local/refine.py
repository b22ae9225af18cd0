"""How is a triangulation made finer where the surface needs it? Cuts of inner edges that touch the rim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .arrays import Flags, Indices
from .triangulate import Net


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Every edge of a triangulation once."""

    ends: Indices  # (edges, 2), the smaller index first
    of_triangle: Indices  # (triangles, 3): the edges from corner 0 to 1, 1 to 2, 2 to 0
    is_border: Flags  # belongs to one triangle only


def find_edges(triangles: Indices, *, points: int) -> Edges:
    starts, ends = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    keys = np.minimum(starts, ends) * points + np.maximum(starts, ends)
    unique, inverse, count = np.unique(keys, return_inverse=True, return_counts=True)
    return Edges(
        ends=np.stack(np.divmod(unique, points), axis=1), of_triangle=inverse.reshape(-1, 3), is_border=count == 1
    )


def cut_chords(net: Net) -> Net:
    """Halves each inner edge that joins two points of the rim: there the surface could not rise."""
    edges = find_edges(net.triangles, points=len(net.points))
    chord = net.rim[edges.ends].all(axis=1) & ~edges.is_border
    if not chord.any():
        return net
    first, second = edges.ends[chord].T
    middles = np.full(len(chord), -1)
    middles[chord] = len(net.points) + np.arange(len(first))
    return replace(
        net,
        points=np.vstack([net.points, (net.points[first] + net.points[second]) / 2]),
        triangles=_split_at_middles(net.triangles, middles[edges.of_triangle]),
        rim=np.concatenate([net.rim, np.zeros(len(first), bool)]),
    )


def _split_at_middles(triangles: Indices, middles: Indices) -> Indices:
    """Triangles with one, two or three halved edges become two, three or four."""
    halved = (middles >= 0).sum(axis=1)
    parts = [triangles[halved == 0]]
    for turn in range(3):
        (a, b, c), (ab, bc, _) = np.roll(triangles, -turn, axis=1).T, np.roll(middles, -turn, axis=1).T
        one = (halved == 1) & (ab >= 0)
        two = (halved == 2) & (ab >= 0) & (bc >= 0)
        parts += [_join(one, a, ab, c), _join(one, ab, b, c)]
        parts += [_join(two, ab, b, bc), _join(two, a, ab, bc), _join(two, a, bc, c)]
    (a, b, c), (ab, bc, ca) = triangles.T, middles.T
    three = halved == 3
    parts += [_join(three, a, ab, ca), _join(three, ab, b, bc), _join(three, ca, bc, c), _join(three, ab, bc, ca)]
    return np.vstack(parts)


def _join(chosen: Flags, *corners: Indices) -> Indices:
    return np.stack([corner[chosen] for corner in corners], axis=1)


def cut_spokes(net: Net, *, shares: Sequence[float]) -> Net:
    """Cuts each edge with one end on the rim at these shares of its length: rings where the surface is steepest."""
    if not shares:
        return net
    edges = find_edges(net.triangles, points=len(net.points))
    first, second = edges.ends.T
    spoke = net.rim[first] != net.rim[second]
    outer = np.where(net.rim[first], first, second)[spoke]
    inner = np.where(net.rim[first], second, first)[spoke]
    beads = np.full(len(spoke), -1)  # the outermost new point of each spoke; the others follow it
    beads[spoke] = len(net.points) + np.arange(len(outer)) * len(shares)
    along = np.asarray(shares)[None, :, None] * (net.points[inner] - net.points[outer])[:, None]
    return replace(
        net,
        points=np.vstack([net.points, (net.points[outer][:, None] + along).reshape(-1, 2)]),
        triangles=_split_at_beads(net, beads[edges.of_triangle], rings=len(shares)),
        rim=np.concatenate([net.rim, np.zeros(len(outer) * len(shares), bool)]),
    )


def _split_at_beads(net: Net, beads: Indices, *, rings: int) -> Indices:
    on_rim = net.rim[net.triangles]
    corners = on_rim.sum(axis=1)
    parts = [net.triangles[(beads >= 0).sum(axis=1) == 0]]
    for turn in range(3):
        (a, b, c), (ab, bc, ca) = np.roll(net.triangles, -turn, axis=1).T, np.roll(beads, -turn, axis=1).T
        a_on_rim, b_on_rim = np.roll(on_rim, -turn, axis=1)[:, :2].T
        tip, base = (corners == 1) & a_on_rim, (corners == 2) & a_on_rim & b_on_rim
        parts += [_join(tip, a, ab, ca), *_fill_strip(tip, ab, ca, rings=rings)]
        parts += [_join(tip, ab + rings - 1, b, c), _join(tip, ab + rings - 1, c, ca + rings - 1)]
        parts += [_join(base, a, b, bc), _join(base, a, bc, ca), *_fill_strip(base, bc, ca, rings=rings)]
        parts += [_join(base, ca + rings - 1, bc + rings - 1, c)]
    return np.vstack(parts)


def _fill_strip(chosen: Flags, right: Indices, left: Indices, *, rings: int) -> list[Indices]:
    """Pairs of triangles between the beads of two spokes, from the rim inwards."""
    strip = []
    for ring in range(rings - 1):
        strip.append(_join(chosen, right + ring, right + ring + 1, left + ring + 1))
        strip.append(_join(chosen, right + ring, left + ring + 1, left + ring))
    return strip


def free_rim(net: Net, freed: Flags) -> Net:
    """The same net with these points of the rim no longer held at the rim."""
    return replace(net, rim=net.rim & ~freed, is_cut=bool(freed.any()))
