"""How is the mug made? Thrown on the wheel, dipped in glaze, filled with coffee."""

from __future__ import annotations

import numpy as np

from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector, fill_vector

WALL = solids.outline(
    """
    -0.3,0  0,0  0.29,0  0.325,0.012  0.352,0.05  0.366,0.12  0.37,0.3  0.37,0.5  0.372,0.76  0.368,0.797
    0.355,0.812  0.342,0.797  0.338,0.76  0.334,0.5  0.332,0.2  0.31,0.1  0.25,0.06  0,0.05  -0.3,0.05
    """
)
GRIP = solids.path(
    """
    0.3,0.66  0.42,0.67  0.55,0.63  0.615,0.5  0.59,0.34  0.48,0.22  0.3,0.17
    """
)


def body(p: Vector) -> Floats:
    shell = solids.lathe(p, WALL)
    inside = solids.cylinder(p, (0, 0.55, 0), 0.345, 0.5, 0.05)
    handle = np.maximum(solids.tube(p, GRIP, 0.042, flatness=0.72), -inside)
    well = solids.cylinder(p, (0, 0.8, 0), 0.334, 0.5, 0.01)
    return np.maximum(solids.join(shell, handle, 0.07), -well)


def glaze(p: Vector, normal: Vector) -> Paint:
    edge = 0.30 + 0.13 * patterns.clouds(Vector(p.x, p.y * 0, p.z).scale(4.2), 2)
    dipped = patterns.smooth_step(edge - 0.012, edge + 0.012, p.y)
    raw = patterns.mix(
        (0.36, 0.19, 0.105),
        (0.50, 0.29, 0.17),
        patterns.clouds(p.scale(5.0), 4),
    )
    teal = fill_vector((0.03, 0.18, 0.22), p.x).scale(0.8 + 0.5 * patterns.clouds(p.scale(6.0), 3))
    thin = patterns.smooth_step(0.06, 0.0, np.abs(p.y - edge)) + patterns.smooth_step(0.785, 0.81, p.y)
    teal = patterns.mix(teal, (0.17, 0.42, 0.42), np.clip(thin, 0, 1) * 0.5)
    strewn = Vector(*(part + 0.12 * patterns.noise(p.scale(9.0).shift(5 * axis, 0, 0)) for axis, part in enumerate(p)))
    dots = np.maximum(
        patterns.speckle(strewn, 34.0, 0.16), 0.7 * patterns.speckle(strewn.shift(0.3, 0.1, 0.7), 61.0, 0.12)
    )
    cream = patterns.mix((0.80, 0.73, 0.62), (0.23, 0.14, 0.08), dots * 0.85)
    teal = patterns.mix(teal, (0.40, 0.62, 0.60), dots * 0.5)
    inside = (np.hypot(p.x, p.z) < 0.345) & (p.y > 0.04)
    colour = patterns.mix(raw, teal, dipped)
    colour = patterns.mix(colour, cream, inside.astype(np.float32))
    matt = np.where(inside, 0, 1 - dipped)
    return Paint(colour, roughness=0.16 + 0.55 * matt, mirror=0.045)


def coffee(p: Vector) -> Floats:
    return solids.cylinder(p, (0, 0.35, 0), 0.338, 0.33, 0.008)


def brew(p: Vector, normal: Vector) -> Paint:
    foam = patterns.smooth_step(0.27, 0.335, np.hypot(p.x, p.z) + 0.02 * patterns.clouds(p.scale(20.0), 2))
    return Paint(patterns.mix((0.05, 0.022, 0.01), (0.30, 0.16, 0.07), foam), 0.12, 0.03)


def make_mug() -> Thing:
    return Thing(
        "mug",
        "Stoneware mug",
        (Part(body, glaze), Part(coffee, brew)),
        ground="#eef0f1",
        middle=0.40,
        reach=0.80,
        footprint=0.38,
        turn=-28,
        rise=19,
        frame=1.28,
        aside=0.03,
    )
