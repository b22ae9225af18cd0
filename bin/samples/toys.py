"""How are the toys made?"""

from __future__ import annotations

import numpy as np
from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector, fill_vector


def make_duck() -> Thing:
    def body(p: Vector) -> Floats:
        side = Vector(p.x, p.y, np.abs(p.z))
        trunk = solids.ellipsoid(p, (0.03, 0.30, 0), (0.47, 0.30, 0.36))
        tail = solids.capsule(p, (0.32, 0.40, 0), (0.56, 0.60, 0), 0.13, 0.025)
        head = solids.sphere(p, (-0.22, 0.78, 0), 0.262)
        neck = solids.capsule(p, (-0.16, 0.42, 0), (-0.21, 0.7, 0), 0.19, 0.17)
        whole = solids.join(solids.join(trunk, tail, 0.22), solids.join(neck, head, 0.10), 0.16)
        wing = solids.ellipsoid(side.shift(0.11, 0.37, 0.325).turn_z(14), (0, 0, 0), (0.235, 0.13, 0.07))
        tip = solids.capsule(side, (0.2, 0.42, 0.34), (0.37, 0.5, 0.32), 0.06, 0.015)
        whole = solids.join(whole, solids.join(wing, tip, 0.08), 0.022)
        crest = solids.capsule(p, (-0.2, 1.0, 0), (-0.11, 1.1, 0), 0.06, 0.012)
        whole = solids.join(whole, crest, 0.08)
        return np.maximum(whole, np.float32(0.012) - p.y)

    def rubber(p: Vector, normal: Vector) -> Paint:
        return Paint(fill_vector((0.93, 0.56, 0.025), p.x), roughness=0.30, mirror=0.045)

    def beak(p: Vector) -> Floats:
        upper = solids.ellipsoid(p.shift(-0.475, 0.735, 0).turn_z(-12), (0, 0, 0), (0.135, 0.040, 0.115))
        lower = solids.ellipsoid(p.shift(-0.455, 0.695, 0).turn_z(8), (0, 0, 0), (0.11, 0.030, 0.09))
        return solids.join(upper, lower, 0.012)

    def orange(p: Vector, normal: Vector) -> Paint:
        return Paint(fill_vector((0.86, 0.17, 0.02), p.x), roughness=0.28, mirror=0.045)

    def eyes(p: Vector) -> Floats:
        side = Vector(p.x, p.y, np.abs(p.z))
        return solids.ellipsoid(side.shift(-0.392, 0.835, 0.165).turn_y(-44), (0, 0, 0), (0.02, 0.058, 0.044))

    def black(p: Vector, normal: Vector) -> Paint:
        return Paint(fill_vector((0.012, 0.011, 0.013), p.x), roughness=0.08, mirror=0.05)

    return Thing(
        "duck", "Bath duck", (Part(body, rubber), Part(beak, orange), Part(eyes, black)), middle=0.54, reach=0.85,
        footprint=0.45, turn=-32, rise=8, frame=1.34, careful=0.85, aside=0.0,
    )  # fmt: skip
