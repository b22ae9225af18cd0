"""How far does each point rise? Solves for a membrane over the outline; its square root is round at the rim."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import splu

from .arrays import Indices, Numbers, Points
from .triangulate import Net

PRESSURE = 4.0  # with it the square root over a disc is exactly a hemisphere


def inflate(net: Net, *, stiffness: float = 0.0) -> Numbers:
    """The squared heights over the points of the net: zero on the rim; a disc becomes a hemisphere.

    ``stiffness`` (per square pixel) pulls the membrane down evenly, which flattens the middle of large shapes.
    """
    laplacian, area = assemble_membrane(net.points, net.triangles)
    free = np.flatnonzero(~net.rim & (area > 0))  # a point of no triangle would make the system singular
    system = (laplacian[free][:, free] + diags(stiffness * area[free])).tocsc()
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    risen = np.zeros(len(net.points))
    risen[free] = solver.solve(PRESSURE * area[free])
    return np.maximum(risen, 0)


def assemble_membrane(points: Points, triangles: Indices) -> tuple[csr_matrix[np.float64], Numbers]:
    """The cotangent Laplacian, and the area around each point."""
    count = len(points)
    starts, ends, weights = [], [], []
    for turn in range(3):
        a, b, c = np.roll(triangles, -turn, axis=1).T
        u, v = points[a] - points[c], points[b] - points[c]
        twice_area = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
        cotangent = 0.5 * (u * v).sum(axis=1) / np.maximum(twice_area, 1e-9)
        starts += [a, b]
        ends += [b, a]
        weights += [cotangent, cotangent]
    links = np.concatenate(starts), np.concatenate(ends)
    adjacency = coo_matrix((np.concatenate(weights), links), shape=(count, count)).tocsr()
    laplacian = (diags(np.asarray(adjacency.sum(axis=1)).ravel()) - adjacency).tocsr()
    area = np.bincount(triangles.ravel(), np.repeat(twice_area / 6, 3), count).astype(np.float64)
    return laplacian, area


def find_slopes(net: Net, values: Numbers) -> Points:
    """At each point the gradient of values over the net: the mean of those of the triangles around it, by area."""
    a, b, c = (net.points[net.triangles[:, corner]] for corner in range(3))
    at_a, at_b, at_c = (values[net.triangles[:, corner]] for corner in range(3))
    ab, ac = b - a, c - a
    twice_area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    up_b, up_c = at_b - at_a, at_c - at_a
    # The gradient of each triangle times twice its area, which is its weight in the mean.
    across = up_b * ac[:, 1] - up_c * ab[:, 1]
    along = up_c * ab[:, 0] - up_b * ac[:, 0]
    count, corners = len(net.points), net.triangles.ravel()
    total, x, y = (np.bincount(corners, np.repeat(each, 3), count) for each in (twice_area, across, along))
    return np.stack([x, y], axis=1) / np.maximum(total, 1e-12)[:, None]
