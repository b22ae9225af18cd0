"""How is the sneaker made? A side view and a sole outline, rounded into a shoe."""

from __future__ import annotations

import numpy as np

from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector, fill_vector

WHITE = (0.80, 0.79, 0.76)
NAVY = (0.018, 0.045, 0.13)
# Where each lace crosses (along, up) and how far it reaches to the side.
LACES = (
    (-0.335, 0.366, 0.085),
    (-0.255, 0.408, 0.088),
    (-0.175, 0.456, 0.088),
    (-0.095, 0.511, 0.086),
    (-0.015, 0.570, 0.082),
)
CORAL = (0.78, 0.17, 0.09)

PRINT = solids.outline(
    """
    -0.66,0.02  -0.6,0.15  -0.42,0.225  -0.2,0.225  0.1,0.185  0.4,0.185  0.58,0.16  0.66,0.06  0.66,-0.06
    0.58,-0.16  0.4,-0.185  0.1,-0.175  -0.2,-0.21  -0.42,-0.21  -0.6,-0.13
    """
)
SIDE = solids.outline(
    """
    -0.645,0.1  -0.64,0.18  -0.595,0.24  -0.48,0.288  -0.34,0.348  -0.18,0.435  -0.03,0.55  0.08,0.625
    0.14,0.645  0.2,0.6  0.3,0.535  0.42,0.53  0.53,0.58  0.6,0.625  0.645,0.6  0.65,0.5  0.635,0.38
    0.65,0.24  0.655,0.1  0.3,0.05  -0.3,0.05
    """
)


def spring(p: Vector) -> Vector:
    """Toe and heel rise a little from the table."""
    toe = np.clip((-0.3 - p.x) / 0.36, 0, 1)
    heel = np.clip((p.x - 0.45) / 0.2, 0, 1)
    return Vector(p.x, p.y - 0.055 * toe * toe - 0.02 * heel * heel, p.z)


def sole(p: Vector) -> Floats:
    q = spring(p)
    flare = 0.0 - 0.12 * np.clip(q.y - 0.03, 0, 1) + 0.006
    return solids.extrude(PRINT(q.x, q.z) - flare, q.y - 0.072, 0.072, 0.026)


def rubber(p: Vector, normal: Vector) -> Paint:
    q = spring(p)
    line = patterns.smooth_step(0.010, 0.007, np.abs(q.y - 0.098))
    tread = patterns.smooth_step(0.03, 0.022, q.y)
    colour = patterns.mix(WHITE, CORAL, line)
    return Paint(patterns.mix(colour, (0.42, 0.22, 0.10), tread), roughness=0.5, mirror=0.04)


def hull(p: Vector) -> Floats:
    q = spring(p)
    tall = np.clip((q.y - 0.12) / 0.5, 0, 1)
    widen = 1 / (1 - 0.42 * tall**1.1 * patterns.smooth_step(-0.7, 0.1, p.x) - 0.16 * tall)
    round_ = PRINT(q.x, q.z * widen) / np.maximum(widen, 1)
    flat = SIDE(q.x, q.y)
    return -solids.join(-round_, -flat, 0.13)


def opening(p: Vector) -> Floats:
    throat = solids.capsule(p, (0.16, 0.68, 0), (0.48, 0.68, 0), 0.088, 0.094)
    well = solids.capsule(p, (0.24, 0.52, 0), (0.46, 0.50, 0), 0.075, 0.08)
    return solids.join(throat, well, 0.1)


def upper(p: Vector) -> Floats:
    knit = np.float32(0.0006) * np.sin(p.x * 190 + p.y * 60) * np.sin(p.y * 190 - p.x * 60)
    padded = solids.cut(hull(p), opening(p), 0.05)
    groove = patterns.smooth_step(0.010, 0.0, np.minimum(np.abs(_toe(p)), np.abs(_heel(p)))) * 0.005
    smooth_rim = patterns.smooth_step(0.03, 0.06, opening(p))
    woven = knit * (_toe(p) > 0) * (_heel(p) > 0)
    return (padded + (woven + groove) * smooth_rim).astype(np.float32)


def _toe(p: Vector) -> Floats:
    """Positive behind the toe cap."""
    return np.hypot((p.x + 0.74) / 1.0, (p.y - 0.05) * 0.75) - np.float32(0.335) + 0.5 * p.z * p.z


def _heel(p: Vector) -> Floats:
    """Positive before the heel patch."""
    return np.hypot((p.x - 0.80) * 1.1, (p.y - 0.16) * 0.62) - np.float32(0.33)


def cloth(p: Vector, normal: Vector) -> Paint:
    weave = 0.5 + 0.5 * np.sin(p.x * 190 + p.y * 60) * np.sin(p.y * 190 - p.x * 60)
    colour = patterns.mix(
        NAVY,
        (0.035, 0.085, 0.21),
        0.6 * weave + 0.3 * patterns.clouds(p.scale(8.0), 3),
    )
    slant = p.x + 0.55 * (p.y - 0.3)
    low = patterns.smooth_step(0.47, 0.46, p.y + 0.35 * np.abs(p.x - 0.05)) * (np.abs(p.z) > 0.06)
    bars = patterns.smooth_step(0.062, 0.056, np.abs(slant - 0.0)) + patterns.smooth_step(
        0.018, 0.013, np.abs(slant - 0.115)
    )
    bars = bars * low
    colour = patterns.mix(colour, WHITE, np.clip(bars, 0, 1).astype(np.float32))
    colour = patterns.mix(colour, WHITE, patterns.smooth_step(0.004, -0.004, _toe(p)))
    colour = patterns.mix(colour, CORAL, patterns.smooth_step(0.004, -0.004, _heel(p)))
    lining = patterns.smooth_step(0.012, -0.004, opening(p) - 0.012)
    colour = patterns.mix(colour, (0.60, 0.13, 0.075), lining)
    return Paint(colour, roughness=0.6, mirror=0.03)


def laces(p: Vector) -> Floats:
    total = None
    for x, y, wide in LACES:
        sag = 0.062 * (p.z / wide) ** 2
        q = Vector(p.x - 0.45 * sag, p.y + 0.8 * sag, p.z)
        flat = q.shift(x, y + 0.017, 0).turn_z(-30)
        band = solids.box(flat, (0, 0, 0), (0.021, 0.012, wide), 0.011)
        total = band if total is None else np.minimum(total, band)
    return np.minimum(total, bow(p)).astype(np.float32)


def bow(p: Vector) -> Floats:
    """A knot with two loops, lying on the slope of the laces."""
    q = p.shift(-0.015, 0.604, 0).turn_z(-33)
    side = Vector(q.x, q.y, np.abs(q.z))
    knot = solids.ellipsoid(q, (0, 0.006, 0), (0.026, 0.02, 0.026))
    ring = side.shift(-0.03, -0.012, 0.068).turn_y(25)
    loop = np.hypot(np.hypot(ring.x * 1.7, ring.z) - np.float32(0.052), ring.y) - np.float32(0.011)
    end = solids.capsule(side, (0, 0, 0.01), (-0.085, -0.02, 0.05), 0.010)
    return solids.join(knot, np.minimum(loop * np.float32(0.7), end), 0.012)


def cord(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector(WHITE, p.x), roughness=0.7, mirror=0.03)


def tongue(p: Vector) -> Floats:
    return solids.ellipsoid(p.shift(0.075, 0.615, 0).turn_z(-50), (0, 0, 0), (0.145, 0.036, 0.10))


def padding(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector(CORAL, p.x), roughness=0.65, mirror=0.03)


def make_sneaker() -> Thing:
    return Thing(
        "sneaker",
        "Running shoe",
        (
            Part(sole, rubber),
            Part(upper, cloth),
            Part(laces, cord, lambda p: solids.capsule(p, (-0.34, 0.40, 0), (0.0, 0.60, 0), 0.15)),
            Part(tongue, padding),
        ),
        middle=0.33,
        reach=0.80,
        footprint=0.5,
        turn=-24,
        rise=15,
        frame=1.44,
        careful=0.6,
    )
