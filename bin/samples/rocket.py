"""How is the toy rocket made? Turned and painted."""

from __future__ import annotations

import numpy as np

from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector, fill_vector

HULL = solids.outline(
    """
    -0.3,0.16  0,0.16  0.12,0.16  0.15,0.175  0.18,0.24  0.225,0.42  0.235,0.6  0.21,0.8  0.155,0.97
    0.092,1.105  0.062,1.15  0.035,1.176  0,1.187  -0.05,1.18  -0.3,1.1
    """
)
FIN = solids.outline(
    """
    0.12,0.5  0.2,0.5  0.33,0.36  0.41,0.2  0.43,0.03  0.4,0.005  0.37,0.03  0.31,0.14  0.22,0.2
    0.12,0.22
    """
)
NOZZLE = solids.outline(
    """
    -0.2,0.07  0,0.07  0.135,0.07  0.145,0.08  0.1,0.18  0,0.19  -0.2,0.19
    """
)


def body(p: Vector) -> Floats:
    return solids.lathe(p, HULL)


def enamel(p: Vector, normal: Vector) -> Paint:
    red = (0.62, 0.035, 0.025)
    cream = (0.83, 0.78, 0.68)
    band = ((p.y > 0.335) & (p.y < 0.375)) | (p.y > 0.93)
    return Paint(patterns.mix(cream, red, band.astype(np.float32)), roughness=0.22, mirror=0.045)


def fins(p: Vector) -> Floats:
    nearest = None
    for degrees in (45, 135, 225, 315):
        q = p.turn_y(degrees)
        gap = solids.extrude(FIN(q.x, q.y), q.z, 0.034, 0.03)
        nearest = gap if nearest is None else np.minimum(nearest, gap)
    return nearest


def red(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((0.62, 0.035, 0.025), p.x), roughness=0.22, mirror=0.045)


def grey(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((0.08, 0.085, 0.1), p.x), roughness=0.35, mirror=0.05)


def porthole(p: Vector) -> Floats:
    q = p.shift(0, 0.68, 0.218).turn_x(8)
    return np.hypot(np.hypot(q.x, q.y) - np.float32(0.088), q.z) - np.float32(0.024)


def brass(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((0.86, 0.60, 0.26), p.x), roughness=0.25, metal=1.0)


def pane(p: Vector) -> Floats:
    return solids.ellipsoid(p, (0, 0.68, 0.205), (0.1, 0.1, 0.045))


def glass(p: Vector, normal: Vector) -> Paint:
    return Paint(fill_vector((0.03, 0.17, 0.26), p.x), roughness=0.06, mirror=0.08)


def make_rocket() -> Thing:
    return Thing(
        "rocket",
        "Toy rocket",
        (
            Part(body, enamel),
            Part(fins, red),
            Part(lambda p: solids.lathe(p, NOZZLE), grey),
            Part(porthole, brass),
            Part(pane, glass),
        ),
        middle=0.585,
        reach=0.85,
        footprint=0.4,
        turn=14,
        rise=7,
        frame=1.38,
    )
