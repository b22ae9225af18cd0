"""How large is a model, how detailed, and does it hold water?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .arrays import Faces, Floats
from .document import open_document
from .errors import MeshError
from .facts import Bounds, MeshFacts
from .reader import read_mesh


def measure_mesh(glb: bytes) -> MeshFacts:
    """Count and measure what a model shows."""
    try:
        mesh = read_mesh(glb)
    except MeshError as error:
        if error.code != "conversion_unsupported":
            raise
        return _measure_declared(glb)
    return MeshFacts(
        faces=len(mesh.faces),
        vertices=len(mesh.positions),
        watertight=is_watertight(mesh.positions, faces=mesh.faces),
        bounds=find_bounds(mesh.positions),
    )


def find_bounds(positions: Floats) -> Bounds:
    """The box around all vertices."""
    low, high = positions.min(axis=0).astype(float), positions.max(axis=0).astype(float)
    return {
        name: [round(float(x), 6) for x in row] for name, row in (("min", low), ("max", high), ("size", high - low))
    }


def is_watertight(positions: Floats, *, faces: Faces) -> bool:
    """Does every edge belong to exactly two triangles, once vertices in the same place are one?

    Vertices are doubled wherever texture coordinates or normals jump; that makes no hole.
    """
    places = merge_positions(positions)[faces].astype(np.uint64)
    a, b, c = places.T
    solid = (a != b) & (b != c) & (c != a)
    if not solid.any():
        return False
    starts = np.concatenate([a[solid], b[solid], c[solid]])
    ends = np.concatenate([b[solid], c[solid], a[solid]])
    edges = np.sort(np.minimum(starts, ends) << np.uint64(32) | np.maximum(starts, ends))
    if len(edges) % 2:
        return False
    return bool((edges[::2] == edges[1::2]).all() and (edges[1:-1:2] != edges[2::2]).all())


def merge_positions(positions: Floats) -> npt.NDArray[np.int64]:
    """For each vertex, a number that vertices in exactly the same place share."""
    bits = (positions + np.float32(0.0)).view(np.uint32).astype(np.uint64)  # adding zero makes -0.0 and 0.0 one
    _, pairs = np.unique(bits[:, 0] << np.uint64(32) | bits[:, 1], return_inverse=True)
    _, places = np.unique(pairs.astype(np.uint64) << np.uint64(32) | bits[:, 2], return_inverse=True)
    return places.astype(np.int64)


def _measure_declared(glb: bytes) -> MeshFacts:
    shown = [draw.primitive for draw in open_document(glb).draws]
    return MeshFacts(
        faces=sum(primitive.triangles for primitive in shown),
        vertices=sum(primitive.vertices for primitive in shown),
        watertight=None,
        bounds=None,
    )
