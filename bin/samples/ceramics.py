"""How are the mug and the vase made? Thrown on the wheel, glazed."""

from __future__ import annotations

import numpy as np
from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector, fill_vector


def make_mug() -> Thing:
    wall = solids.Outline(
        solids.curve(
            [
                (-0.3, 0.0), (0.0, 0.0), (0.29, 0.0), (0.325, 0.012), (0.352, 0.05), (0.366, 0.12), (0.37, 0.3),
                (0.37, 0.5), (0.372, 0.76), (0.368, 0.797), (0.355, 0.812), (0.342, 0.797), (0.338, 0.76), (0.334, 0.5),
                (0.332, 0.2), (0.31, 0.1), (0.25, 0.06), (0.0, 0.05), (-0.3, 0.05),
            ],
            closed=True,
        )
    )  # fmt: skip
    grip = solids.Outline(
        solids.curve([(0.3, 0.66), (0.42, 0.67), (0.55, 0.63), (0.615, 0.5), (0.59, 0.34), (0.48, 0.22), (0.3, 0.17)]),
        closed=False,
    )

    def body(p: Vector) -> Floats:
        shell = solids.lathe(p, wall)
        inside = solids.cylinder(p, (0, 0.55, 0), 0.345, 0.5, 0.05)
        handle = np.maximum(solids.tube(p, grip, 0.042, flatness=0.72), -inside)
        return solids.join(shell, handle, 0.07)

    def glaze(p: Vector, normal: Vector) -> Paint:
        edge = 0.36 + 0.035 * patterns.clouds(Vector(p.x, p.y * 0, p.z).scale(5.0), 2) + 0.02 * np.sin(9 * np.arctan2(p.z, p.x))
        dipped = patterns.smooth_step(edge + 0.012, edge - 0.012, p.y)
        cream = fill_vector((0.80, 0.73, 0.62), p.x)
        teal = fill_vector((0.035, 0.20, 0.235), p.x).scale(0.8 + 0.5 * patterns.clouds(p.scale(6.0), 3))
        teal = patterns.mix(teal, fill_vector((0.16, 0.42, 0.42), p.x), patterns.smooth_step(0.05, 0.0, np.abs(p.y - edge)) * 0.55)
        dots = np.maximum(patterns.speckle(p, 34.0, 0.16), 0.7 * patterns.speckle(p.shift(0.3, 0.1, 0.7), 61.0, 0.12))
        cream = patterns.mix(cream, fill_vector((0.23, 0.14, 0.08), p.x), dots * 0.85)
        inside = (np.hypot(p.x, p.z) < 0.343) & (p.y > 0.04)
        colour = patterns.mix(cream, teal, np.where(inside, 0, dipped))
        clay = patterns.smooth_step(0.022, 0.012, p.y)
        return Paint(patterns.mix(colour, fill_vector((0.45, 0.27, 0.17), p.x), clay), roughness=0.16 + 0.6 * clay, mirror=0.045)

    def coffee(p: Vector) -> Floats:
        return solids.cylinder(p, (0, 0.35, 0), 0.338, 0.33, 0.008)

    def brew(p: Vector, normal: Vector) -> Paint:
        foam = patterns.smooth_step(0.27, 0.335, np.hypot(p.x, p.z) + 0.02 * patterns.clouds(p.scale(20.0), 2))
        return Paint(patterns.mix(fill_vector((0.05, 0.022, 0.01), p.x), fill_vector((0.30, 0.16, 0.07), p.x), foam), 0.12, 0.03)

    return Thing(
        "mug", "Stoneware mug", (Part(body, glaze), Part(coffee, brew)), ground="#eef0f1", middle=0.40, reach=0.80,
        footprint=0.38, turn=-28, rise=19, frame=1.28, aside=0.03,
    )  # fmt: skip


def make_vase() -> Thing:
    wall = solids.Outline(
        solids.curve(
            [
                (-0.3, 0.0), (0.0, 0.0), (0.17, 0.0), (0.205, 0.015), (0.25, 0.1), (0.335, 0.3), (0.365, 0.46), (0.34, 0.62),
                (0.25, 0.77), (0.155, 0.88), (0.125, 0.97), (0.14, 1.06), (0.19, 1.125), (0.197, 1.14), (0.185, 1.146),
                (0.165, 1.13), (0.115, 1.06), (0.1, 0.97), (0.13, 0.87), (0.22, 0.76), (0.31, 0.61), (0.33, 0.46),
                (0.3, 0.3), (0.2, 0.08), (0.0, 0.05), (-0.3, 0.05),
            ],
            closed=True,
        )
    )  # fmt: skip

    def body(p: Vector) -> Floats:
        around = np.arctan2(p.z, p.x)
        deep = patterns.smooth_step(0.03, 0.18, p.y) * patterns.smooth_step(1.0, 0.80, p.y)
        flute = np.abs(np.sin(11 * around + 0.0)) ** 0.8
        return solids.lathe(p, wall) - np.float32(0.021) * deep * flute + np.float32(0.010) * deep

    def glaze(p: Vector, normal: Vector) -> Paint:
        around = np.arctan2(p.z, p.x)
        flute = np.abs(np.sin(11 * around))
        deep = fill_vector((0.012, 0.055, 0.20), p.x)
        bright = fill_vector((0.05, 0.26, 0.52), p.x)
        pool = patterns.smooth_step(0.2, 1.0, flute) * 0.55 + 0.35 * patterns.clouds(p.scale(4.0), 3)
        colour = patterns.mix(deep, bright, np.clip(pool, 0, 1))
        lip = patterns.smooth_step(1.10, 1.14, p.y) * 0.8
        colour = patterns.mix(colour, fill_vector((0.50, 0.44, 0.34), p.x), lip)
        foot = patterns.smooth_step(0.03, 0.018, p.y)
        return Paint(patterns.mix(colour, fill_vector((0.5, 0.42, 0.33), p.x), foot), roughness=0.10 + 0.5 * foot, mirror=0.05)

    return Thing("vase", "Fluted vase", (Part(body, glaze),), middle=0.57, reach=0.75, footprint=0.3, rise=9, frame=1.42, careful=0.72)
