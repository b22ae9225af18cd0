"""How is the lamp made? A shade of opal glass on an enamelled foot."""

from __future__ import annotations

import numpy as np

from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Vector, fill_vector

DOME = solids.outline(
    """
    -0.3,0.96  -0.1,1.01  0,1.02  0.11,1.007  0.2125,0.97  0.3,0.911  0.368,0.835  0.41,0.746  0.425,0.66
    0.415,0.643  0.4,0.66  0.385,0.742  0.345,0.826  0.28,0.895  0.198,0.947  0.1,0.98  0,0.99  -0.1,0.98
    -0.3,0.93
    """
)
FOOT = solids.outline(
    """
    -0.3,0  0,0  0.215,0  0.235,0.012  0.235,0.03  0.21,0.05  0.12,0.1  0.07,0.2  0.058,0.36  0.066,0.55
    0.085,0.66  0.09,0.7  0,0.72  -0.3,0.72
    """
)


def opal(p: Vector, normal: Vector) -> Paint:
    low = patterns.smooth_step(1.02, 0.66, p.y)
    inside = patterns.smooth_step(0.0, -0.4, normal.y)
    warm = fill_vector((1.0, 0.43, 0.10), p.x).scale(0.10 + 0.60 * low**2 + 0.9 * inside)
    return Paint(fill_vector((0.55, 0.21, 0.06), p.x), roughness=0.16, mirror=0.045, glow=warm)


def enamel(p: Vector, normal: Vector) -> Paint:
    warm = np.exp(-np.maximum(0.68 - p.y, 0) * 6.0) * 0.35
    pool = np.where(p.y < 0.13, 0.12 * np.maximum(normal.y, 0), 0)
    glow = fill_vector((0.55, 0.42, 0.16), p.x).scale((warm + pool).astype(np.float32))
    return Paint(fill_vector((0.025, 0.10, 0.075), p.x), roughness=0.24, mirror=0.05, glow=glow)


def make_lamp() -> Thing:
    return Thing(
        "lamp",
        "Table lamp",
        (Part(lambda p: solids.lathe(p, DOME), opal), Part(lambda p: solids.lathe(p, FOOT), enamel)),
        middle=0.51,
        reach=0.75,
        footprint=0.32,
        rise=6,
        frame=1.26,
    )
