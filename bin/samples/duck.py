"""How is the bath duck made? Cast in rubber."""

from __future__ import annotations

import numpy as np

from samples import solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector, fill_vector


def body(p: Vector) -> Floats:
    side = Vector(p.x, p.y, np.abs(p.z))
    trunk = solids.ellipsoid(p, (0.05, 0.29, 0), (0.46, 0.29, 0.37))
    chest = solids.sphere(p, (-0.14, 0.32, 0), 0.29)
    tail = solids.capsule(p, (0.36, 0.36, 0), (0.55, 0.55, 0), 0.14, 0.035)
    trunk = solids.join(solids.join(trunk, chest, 0.15), tail, 0.2)
    head = solids.ellipsoid(p, (-0.2, 0.79, 0), (0.27, 0.262, 0.27))
    whole = solids.join(trunk, head, 0.13)
    wing = solids.ellipsoid(side.shift(0.13, 0.37, 0.33).turn_y(-8).turn_z(12), (0, 0, 0), (0.25, 0.15, 0.075))
    tip = solids.capsule(side, (0.25, 0.44, 0.33), (0.41, 0.53, 0.30), 0.065, 0.022)
    whole = solids.join(whole, solids.join(wing, tip, 0.1), 0.03)
    for lean, size in ((0.11, 0.045), (0.04, 0.04)):
        crest = solids.capsule(p, (-0.19, 1.02, 0), (-0.2 + lean, 1.115, 0), size, 0.02)
        whole = solids.join(whole, crest, 0.035)
    return np.maximum(whole, np.float32(0.012) - p.y)


def rubber(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((1.0, 0.47, 0.008), p.x), roughness=0.30, mirror=0.045)


def beak(p: Vector) -> Floats:
    upper = solids.ellipsoid(p.shift(-0.475, 0.735, 0).turn_z(-12), (0, 0, 0), (0.135, 0.040, 0.115))
    lower = solids.ellipsoid(p.shift(-0.455, 0.695, 0).turn_z(8), (0, 0, 0), (0.11, 0.030, 0.09))
    return solids.join(upper, lower, 0.012)


def orange(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((0.86, 0.17, 0.02), p.x), roughness=0.28, mirror=0.045)


def eyes(p: Vector) -> Floats:
    side = Vector(p.x, p.y, np.abs(p.z))
    return solids.ellipsoid(side, (-0.383, 0.845, 0.15), (0.046, 0.052, 0.04))


def black(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((0.012, 0.011, 0.013), p.x), roughness=0.08, mirror=0.05)


def make_duck() -> Thing:
    return Thing(
        "duck",
        "Bath duck",
        (Part(body, rubber), Part(beak, orange), Part(eyes, black)),
        middle=0.54,
        reach=0.85,
        footprint=0.45,
        turn=-32,
        rise=8,
        frame=1.34,
        careful=0.85,
        aside=0.0,
    )
