"""How is the inside of an outline cut into triangles? Points at a spacing, and their Delaunay triangulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, cKDTree

from .arrays import Flags, Indices, Numbers, Points
from .outline import Curve, Outline

Depth = Callable[[Points], Numbers]  # how far inside the outline points are, pixels; negative outside
SPLIT_ROUNDS = 12
SPACING_LEAST = 0.05  # pixels: an edge of the rim is not split further
BESIDE = np.array([[1, 2], [2, 0], [0, 1]])  # corners of the edge that faces each corner of a triangle


@dataclass(frozen=True, kw_only=True)
class Lattice:
    """The points to be joined. Those of the rim come first, curve after curve."""

    points: Points
    following: Indices  # the next point along the rim; -1 for those inside
    owner: Indices  # which curve a point of the rim belongs to

    @property
    def rim_count(self) -> int:
        return len(self.owner)


@dataclass(frozen=True, kw_only=True)
class Net:
    """A flat triangulation. Triangles run counter-clockwise."""

    points: Points
    triangles: Indices
    rim: Flags  # points on the outline, where front and back meet
    is_cut: bool = False  # whether some of the outline was freed, to be closed by a flat face


def place_points(outline: Outline, depth: Depth, *, spacing: float, rim_spacing: float) -> Lattice:
    """Points along the outline, and a hexagonal pattern inside that keeps away from it."""
    positions = _sample_rim(outline.curves, spacing=rim_spacing)
    rings = [curve.at(along) for curve, along in zip(outline.curves, positions, strict=True)]
    rim = np.vstack(rings)
    following = _follow(rings)
    gap = min(spacing, 1.5 * rim_spacing)
    inside = _keep_off_rim(_lay_hexagons(rim, spacing=spacing), rim, following, depth, gap=gap)
    return Lattice(
        points=np.vstack([rim, inside]),
        following=np.concatenate([following, np.full(len(inside), -1)]),
        owner=np.repeat(np.arange(len(rings)), [len(ring) for ring in rings]),
    )


def _sample_rim(curves: Sequence[Curve], *, spacing: float) -> list[Numbers]:
    """Positions along each curve, such that the circle over each edge holds no other point of the rim.

    Such edges are always edges of the Delaunay triangulation, so the outline comes out whole.
    """
    positions = [curve.sample(spacing=spacing, least=max(0.30 * spacing, 0.75)) for curve in curves]
    for _ in range(SPLIT_ROUNDS):
        rings = [curve.at(along) for curve, along in zip(curves, positions, strict=True)]
        crowded = _find_crowded_edges(np.vstack(rings), _follow(rings))
        if not crowded.any():
            break
        parts = np.split(crowded, np.cumsum([len(ring) for ring in rings])[:-1])
        positions = [_split(*each) for each in zip(curves, positions, parts, strict=True)]
    return positions


def _find_crowded_edges(rim: Points, following: Indices) -> Flags:
    middle, radius = _circles(rim, following)
    distance, nearest = cKDTree(rim).query(middle, k=3)
    ends = np.stack([np.arange(len(rim)), following], axis=1)
    other = (nearest != ends[:, :1]) & (nearest != ends[:, 1:])
    crowded: Flags = (other & (distance < 1.0001 * radius[:, None])).any(axis=1)
    return crowded


def _split(curve: Curve, positions: Numbers, crowded: Flags) -> Numbers:
    following = np.append(positions[1:], positions[0] + curve.length)
    wide = following - positions > SPACING_LEAST
    between = ((positions + following) / 2)[crowded & wide]
    return np.sort(np.mod(np.concatenate([positions, between]), curve.length))


def _follow(rings: list[Points]) -> Indices:
    following, start = [], 0
    for ring in rings:
        following.append(start + np.roll(np.arange(len(ring)), -1))
        start += len(ring)
    return np.concatenate(following)


def _circles(rim: Points, following: Indices) -> tuple[Points, Numbers]:
    """Over each edge of the rim: the middle and the radius of the circle through both ends."""
    other = rim[following]
    return (rim + other) / 2, np.hypot(*(rim - other).T) / 2


def _lay_hexagons(rim: Points, *, spacing: float) -> Points:
    (left, low), (right, high) = rim.min(axis=0), rim.max(axis=0)
    rows = np.arange(low + 0.13, high, spacing * np.sqrt(3) / 2)
    columns = np.arange(left + 0.13, right, spacing)
    x, y = np.meshgrid(columns, rows)
    x[1::2] += spacing / 2
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _keep_off_rim(points: Points, rim: Points, following: Indices, depth: Depth, *, gap: float) -> Points:
    """Inside, some way off the rim, and in no circle over one of its edges."""
    deep = depth(points)
    points, deep = points[deep > 0.55 * gap], deep[deep > 0.55 * gap]
    middle, radius = _circles(rim, following)
    near = deep < 2 * max(gap, float(radius.max())) + 1.5
    candidates = points[near]
    if not len(candidates):
        return points
    distance, edge = cKDTree(middle).query(candidates, k=min(4, len(middle)))
    in_circle = (distance < 1.05 * radius[edge]).any(axis=1)
    to_rim, _ = cKDTree(rim).query(candidates)
    off = np.ones(len(points), bool)
    off[near] = ~in_circle & (to_rim > 0.45 * gap)
    return points[off]


def triangulate(lattice: Lattice) -> Net:
    """The Delaunay triangles that lie inside the outline."""
    delaunay = Delaunay(lattice.points, qhull_options="Qbb Qc Qz Q12")
    triangles = delaunay.simplices.astype(np.int64)
    clockwise = _run_clockwise(lattice.points, triangles)[:, None]
    triangles = np.where(clockwise, triangles[:, ::-1], triangles)
    neighbours = np.where(clockwise, delaunay.neighbors[:, ::-1], delaunay.neighbors).astype(np.int64)
    inside = _find_inside(triangles, neighbours, lattice.following)
    return Net(points=lattice.points, triangles=triangles[inside], rim=lattice.following >= 0)


def _run_clockwise(points: Points, triangles: Indices) -> Flags:
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    u, v = b - a, c - a
    clockwise: Flags = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0] < 0
    return clockwise


def _find_inside(triangles: Indices, neighbours: Indices, following: Indices) -> Flags:
    """Floods from the left of each edge of the rim, never across one: exact, whatever the curve looks like."""
    start, end = triangles[:, BESIDE[:, 0]], triangles[:, BESIDE[:, 1]]
    on_left, on_right = following[start] == end, following[end] == start
    passable = ~on_left & ~on_right & (neighbours >= 0)
    here, _ = np.nonzero(passable)
    links = coo_matrix((np.ones(len(here), bool), (here, neighbours[passable])), shape=(len(triangles),) * 2)
    count, region = connected_components(links, directed=False)
    votes = on_left.sum(axis=1) - on_right.sum(axis=1)
    inside: Flags = np.bincount(region, votes, minlength=count)[region] > 0
    return inside
