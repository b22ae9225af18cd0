"""How is the cactus made? Ribs, spines and a flower, in a clay pot."""

from __future__ import annotations

import numpy as np

from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector, fill_vector

WALL = solids.outline(
    """
    -0.3,0  0,0  0.185,0  0.2,0.012  0.225,0.16  0.25,0.315  0.252,0.325  0.272,0.33  0.28,0.34
    0.29,0.415  0.284,0.428  0.262,0.43  0.252,0.415  0.245,0.36  0,0.35  -0.3,0.35
    """
)


def clay(p: Vector, normal: Vector) -> Paint:
    stain = patterns.clouds(p.scale(5.0), 4)
    colour = patterns.mix((0.50, 0.17, 0.075), (0.66, 0.30, 0.17), stain)
    return Paint(colour, roughness=0.7, mirror=0.03)


def soil(p: Vector) -> Floats:
    bumps = 0.012 * patterns.clouds(p.scale(28.0), 2)
    return (solids.cylinder(p, (0, 0.36, 0), 0.25, 0.03, 0.01) - bumps).astype(np.float32)


def earth(p: Vector, normal: Vector) -> Paint:
    colour = patterns.mix(
        (0.05, 0.03, 0.02),
        (0.20, 0.14, 0.10),
        patterns.clouds(p.scale(30.0), 2),
    )
    return Paint(colour, roughness=0.9, mirror=0.02)


def ridge(p: Vector) -> Floats:
    """1 on the ridge of a rib, 0 in the groove."""
    return np.abs(np.cos(8 * np.arctan2(p.z, p.x)))


def stem(p: Vector) -> Floats:
    middle = patterns.smooth_step(0.0, 0.13, np.hypot(p.x, p.z))
    swell = solids.ellipsoid(p, (0, 0.68, 0), (0.262, 0.36, 0.262))
    return swell + np.float32(0.048) * (1 - ridge(p) ** 0.7) * middle


def flesh(p: Vector, normal: Vector) -> Paint:
    deep, bright = (0.025, 0.10, 0.045), (0.13, 0.33, 0.10)
    colour = patterns.mix(deep, bright, np.clip(ridge(p) ** 1.5 * 0.8 + 0.3 * patterns.clouds(p.scale(7.0), 3), 0, 1))
    return Paint(colour, roughness=0.5, mirror=0.035)


def spines(p: Vector) -> Floats:
    around = np.arctan2(p.z, p.x)
    turn = np.round(around / (np.pi / 8)) * (np.pi / 8)
    q = Vector(p.x * np.cos(turn) + p.z * np.sin(turn), p.y, p.z * np.cos(turn) - p.x * np.sin(turn))
    lift = np.clip(np.round((q.y - 0.68) / 0.092), -2, 3) * 0.092
    out = 0.262 * np.sqrt(np.maximum(1 - (lift / 0.36) ** 2, 0))
    tuft = Vector(q.x - out, q.y - 0.68 - lift, q.z)
    knob = tuft.length() - np.float32(0.0165)
    for way in ((0.9, 0.35, 0.25), (0.9, 0.35, -0.25), (0.9, -0.3, 0.3), (0.9, -0.3, -0.3)):
        knob = np.minimum(knob, solids.capsule(tuft, (0, 0, 0), tuple(0.055 * part for part in way), 0.006, 0.0025))
    return knob.astype(np.float32)


def wool(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((0.80, 0.72, 0.52), p.x), roughness=0.8, mirror=0.02)


def flower(p: Vector) -> Floats:
    total = None
    for ring, (count, lean, size, lift) in enumerate(((9, 52, 0.115, 1.015), (7, 24, 0.095, 1.03))):
        turn = 2 * np.pi / count
        around = np.arctan2(p.z, p.x) + 0.3 * ring
        near = around - np.round(around / turn) * turn
        across = np.hypot(p.x, p.z)
        leaf = Vector(across * np.cos(near), p.y - np.float32(lift), across * np.sin(near)).turn_z(lean)
        petal = solids.ellipsoid(leaf, (0, size * 0.75, 0), (0.014, size * 0.8, size * 0.36))
        total = petal if total is None else np.minimum(total, petal)
    return total.astype(np.float32)


def petals(p: Vector, normal: Vector) -> Paint:
    out = np.clip(np.hypot(p.x, p.z) / 0.16, 0, 1)
    colour = patterns.mix((0.80, 0.16, 0.22), (0.86, 0.26, 0.44), out)
    return Paint(colour, roughness=0.55, mirror=0.03)


def heart(p: Vector) -> Floats:
    return solids.ellipsoid(p, (0, 1.055, 0), (0.03, 0.045, 0.03))


def pollen(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((0.90, 0.55, 0.08), p.x), roughness=0.8, mirror=0.02)


def make_cactus() -> Thing:
    return Thing(
        "cactus",
        "Cactus in a pot",
        (
            Part(lambda p: solids.lathe(p, WALL), clay),
            Part(soil, earth),
            Part(stem, flesh),
            Part(spines, wool, lambda p: solids.ellipsoid(p, (0, 0.68, 0), (0.33, 0.40, 0.33))),
            Part(flower, petals, lambda p: solids.sphere(p, (0, 1.09, 0), 0.2)),
            Part(heart, pollen),
        ),
        middle=0.57,
        reach=0.78,
        footprint=0.3,
        turn=11,
        rise=10,
        frame=1.40,
        careful=0.7,
    )
