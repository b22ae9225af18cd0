"""How does a flat net become a closed body? Front and back meet at the rim; flat faces close what the frame cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Flags, Indices, Numbers, Points
from .refine import find_edges
from .triangulate import Net

NORMAL_LEAST = 1e-6  # pixels: shorter ones have no direction, as at the tip of a spike
RISE_LEAST = 1e-5  # of the object's size: front and back never touch inside the outline


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a body, over the points of a net."""

    heights: Numbers
    normals: Points  # of any length


@dataclass(frozen=True, kw_only=True)
class Solid:
    """A closed surface; faces run counter-clockwise seen from outside."""

    vertices: Points  # pixels: x to the right, y up, z towards the viewer
    faces: Indices
    normals: Points  # of length 1


def close_solid(net: Net, *, front: Side, back: Side) -> Solid:
    """The body between the front and the mirrored back."""
    count = len(net.points)
    inside = np.flatnonzero(~net.rim)
    behind = np.arange(count)  # which vertex lies behind each point: itself on the rim
    behind[inside] = count + np.arange(len(inside))
    behind_points = np.column_stack([net.points, -back.heights])[inside]
    vertices = np.vstack([np.column_stack([net.points, front.heights]), behind_points])
    normals = np.vstack([front.normals, back.normals[inside] * (1, 1, -1)])
    faces = np.vstack([net.triangles, behind[net.triangles][:, ::-1], *_close_flat(net, behind)])
    given = np.linalg.norm(normals, axis=1) > NORMAL_LEAST
    given &= ~_is_on_flat_face(net, behind)
    if not given.all():
        normals = np.where(given[:, None], normals, find_normals(vertices, faces))
    return _drop_unused(Solid(vertices=vertices, faces=faces, normals=_unit(normals)))


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


def _is_on_flat_face(net: Net, behind: Indices) -> Flags:
    """For each vertex whether it belongs to a flat face, where the sides' own normals do not hold."""
    on_flat = np.zeros(len(net.points) + int((~net.rim).sum()), bool)
    ends = _border_edges(net)
    on_flat[ends] = on_flat[behind[ends]] = True
    return on_flat


def _drop_unused(solid: Solid) -> Solid:
    used = np.zeros(len(solid.vertices), bool)
    used[solid.faces] = True
    faces = (np.cumsum(used) - 1)[solid.faces]
    return Solid(vertices=solid.vertices[used], faces=faces, normals=solid.normals[used])


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
