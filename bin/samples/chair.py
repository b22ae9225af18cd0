"""How is the chair made? An upholstered shell on oak legs."""

from __future__ import annotations

import numpy as np

from samples import patterns, solids
from samples.tracing import Paint, Part, Thing
from samples.vectors import Floats, Vector


def shell(p: Vector) -> Floats:
    bent = Vector(p.x, p.y - 0.22 * p.x * p.x, p.z)
    seat = solids.box(bent, (0, 0.475, 0.02), (0.30, 0.058, 0.285), 0.055)
    q = p.shift(0, 0.77, -0.295).turn_x(-12)
    q = Vector(q.x, q.y, q.z - 0.75 * q.x * q.x)
    back = solids.box(q, (0, 0, 0), (0.295, 0.285, 0.052), 0.05)
    return solids.join(seat, back, 0.12)


def fabric(p: Vector, normal: Vector) -> Paint:
    along, up = p.x, p.y + p.z
    weave = patterns.noise(Vector(along * 60, up * 330, p.z * 0)) + patterns.noise(
        Vector(along * 330, up * 60, p.z * 0)
    )
    share = np.clip(0.55 * weave + 0.5 * patterns.clouds(p.scale(5.0), 2) - 0.3, 0, 1)
    colour = patterns.mix((0.37, 0.075, 0.03), (0.68, 0.21, 0.10), share)
    return Paint(colour, roughness=0.85, mirror=0.02)


def frame(p: Vector) -> Floats:
    side = Vector(np.abs(p.x), p.y, p.z)
    front = solids.capsule(side, (0.205, 0.42, 0.2), (0.285, 0.0, 0.29), 0.032, 0.017)
    rear = solids.capsule(side, (0.205, 0.42, -0.2), (0.285, 0.0, -0.32), 0.032, 0.017)
    rails = solids.capsule(side, (0.21, 0.40, 0.22), (0.21, 0.40, -0.22), 0.022)
    across = np.minimum(
        solids.capsule(side, (0.0, 0.40, 0.2), (0.21, 0.40, 0.2), 0.022),
        solids.capsule(side, (0.0, 0.40, -0.2), (0.21, 0.40, -0.2), 0.022),
    )
    return np.maximum(solids.join(np.minimum(front, rear), np.minimum(rails, across), 0.03), -p.y)


def oak(p: Vector, normal: Vector) -> Paint:
    grain = patterns.wood(Vector(np.abs(p.x) + 0.2 * p.y, p.y, np.abs(p.z) + 0.25 * p.y).scale(2.2), rings=9.0)
    colour = patterns.mix((0.50, 0.28, 0.13), (0.34, 0.17, 0.07), grain)
    return Paint(colour, roughness=0.38, mirror=0.04)


def make_chair() -> Thing:
    return Thing(
        "chair",
        "Upholstered chair",
        (Part(shell, fabric), Part(frame, oak)),
        ground="#eef0f1",
        middle=0.53,
        reach=0.83,
        footprint=0.45,
        turn=-30,
        rise=14,
        frame=1.42,
        careful=0.75,
    )
