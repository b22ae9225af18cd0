"""How does a flat net become a closed body? Front and back meet at the rim; flat faces close what the frame cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Flags, Indices, Numbers, Points
from .refine import find_edges
from .triangulate import Net

RISE_LEAST = 1e-5  # of the object's size: front and back never touch inside the outline


@dataclass(frozen=True, kw_only=True)
class Solid:
    """A closed surface; faces run counter-clockwise seen from outside."""

    vertices: Points  # pixels: x to the right, y up, z towards the viewer
    faces: Indices


def close_solid(net: Net, *, front: Numbers, back: Numbers) -> Solid:
    """The body between ``front`` and ``-back``, both heights over the points of the net."""
    count = len(net.points)
    inside = np.flatnonzero(~net.rim)
    behind = np.arange(count)  # which vertex lies behind each point: itself on the rim
    behind[inside] = count + np.arange(len(inside))
    vertices = np.vstack(
        [np.column_stack([net.points, front]), np.column_stack([net.points[inside], -back[inside]])],
    )
    faces = np.vstack([net.triangles, behind[net.triangles][:, ::-1], *_close_flat(net, behind)])
    return _drop_unused(Solid(vertices=vertices, faces=faces))


def lift_off(heights: Numbers, *, rim: Flags, size: float) -> Numbers:
    """Zero on the rim and a little above it everywhere else."""
    return np.where(rim, 0.0, np.maximum(heights, RISE_LEAST * size))


def _close_flat(net: Net, behind: Indices) -> list[Indices]:
    """Two faces for each border edge off the rim, one where the edge ends on the rim."""
    a, b = _border_edges(net).T
    upper, lower = np.stack([b, a, behind[a]], axis=1), np.stack([b, behind[a], behind[b]], axis=1)
    return [upper[behind[a] != a], lower[behind[b] != b]]


def _border_edges(net: Net) -> Indices:
    """Edges of one triangle only, in the direction in which it runs, unless both ends are on the rim."""
    edges = find_edges(net.triangles, points=len(net.points))
    directed = np.stack([net.triangles, np.roll(net.triangles, -1, axis=1)], axis=-1)[
        edges.is_border[edges.of_triangle]
    ]
    open_ends: Indices = directed[~net.rim[directed].all(axis=1)]
    return open_ends


def _drop_unused(solid: Solid) -> Solid:
    used = np.zeros(len(solid.vertices), bool)
    used[solid.faces] = True
    return Solid(vertices=solid.vertices[used], faces=(np.cumsum(used) - 1)[solid.faces])


def is_closed(solid: Solid) -> bool:
    """Each edge is run through exactly once in each direction."""
    count = len(solid.vertices)
    start, end = solid.faces.ravel(), np.roll(solid.faces, -1, axis=1).ravel()
    there, back = np.sort(start * count + end), np.sort(end * count + start)
    return bool((there[1:] != there[:-1]).all() and (there == back).all())


def measure_volume(solid: Solid) -> float:
    a, b, c = (solid.vertices[solid.faces[:, corner]] for corner in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def find_normals(vertices: Points, faces: Indices) -> Points:
    """For each vertex the mean of its faces' normals, weighted by the angle that they have there."""
    corners = [vertices[faces[:, corner]] for corner in range(3)]
    normal = _unit(np.cross(corners[1] - corners[0], corners[2] - corners[0]))
    total = np.zeros_like(vertices)
    for corner in range(3):
        here, following, before = corners[corner], corners[(corner + 1) % 3], corners[(corner + 2) % 3]
        cosine = (_unit(following - here) * _unit(before - here)).sum(axis=1)
        angle = np.arccos(np.clip(cosine, -1, 1))
        for axis in range(3):
            total[:, axis] += np.bincount(faces[:, corner], normal[:, axis] * angle, len(vertices))
    return _unit(total)


def _unit(vectors: Points) -> Points:
    units: Points = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-20)
    return units
