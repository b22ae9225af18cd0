"""How is the vase made? Thrown on the wheel, fluted, glazed."""

from __future__ import annotations

import numpy as np

from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector

WALL = solids.outline(
    """
    -0.3,0  0,0  0.17,0  0.205,0.015  0.25,0.1  0.335,0.3  0.365,0.46  0.34,0.62  0.25,0.77  0.155,0.88
    0.125,0.97  0.14,1.06  0.19,1.125  0.197,1.14  0.185,1.146  0.165,1.13  0.115,1.06  0.1,0.97
    0.13,0.87  0.22,0.76  0.31,0.61  0.33,0.46  0.3,0.3  0.2,0.08  0,0.05  -0.3,0.05
    """
)


def body(p: Vector) -> Floats:
    around = np.arctan2(p.z, p.x)
    deep = patterns.smooth_step(0.03, 0.18, p.y) * patterns.smooth_step(1.0, 0.80, p.y)
    flute = np.abs(np.sin(11 * around + 0.0)) ** 0.8
    return solids.lathe(p, WALL) - np.float32(0.021) * deep * flute + np.float32(0.010) * deep


def glaze(p: Vector, normal: Vector) -> Paint:
    around = np.arctan2(p.z, p.x)
    flute = np.abs(np.sin(11 * around))
    deep = (0.012, 0.055, 0.20)
    bright = (0.05, 0.26, 0.52)
    pool = patterns.smooth_step(0.2, 1.0, flute) * 0.55 + 0.25 * patterns.clouds(p.scale(4.0), 3)
    colour = patterns.mix(deep, bright, np.clip(pool, 0, 1))
    lip = patterns.smooth_step(1.10, 1.14, p.y) * 0.8
    colour = patterns.mix(colour, (0.50, 0.44, 0.34), lip)
    foot = patterns.smooth_step(0.03, 0.018, p.y)
    return Paint(patterns.mix(colour, (0.5, 0.42, 0.33), foot), roughness=0.10 + 0.5 * foot, mirror=0.05)


def make_vase() -> Thing:
    return Thing(
        "vase",
        "Fluted vase",
        (Part(body, glaze),),
        middle=0.57,
        reach=0.75,
        footprint=0.3,
        rise=9,
        frame=1.42,
        careful=0.72,
    )
