"""What irregular patterns do materials have? Noise, grain, speckles, weave."""

from __future__ import annotations

import numpy as np

from samples.vectors import Floats, Vector

Colour = tuple[float, float, float]

_SIDE = 64
_LATTICE = np.random.default_rng(11).random((_SIDE, _SIDE, _SIDE), dtype=np.float32)


def noise(p: Vector) -> Floats:
    """Smooth noise from 0 to 1, one bump for each unit of length."""
    cells, parts = [], []
    for value in p:
        floor = np.floor(value)
        part = value - floor
        cells.append(floor.astype(np.int64))
        parts.append(part * part * (3 - 2 * part))
    total = np.zeros_like(p.x)
    for corner in range(8):
        steps = (corner & 1, corner >> 1 & 1, corner >> 2)
        place = tuple((cell + step) % _SIDE for cell, step in zip(cells, steps, strict=True))
        weight = np.ones_like(p.x)
        for part, step in zip(parts, steps, strict=True):
            weight = weight * (part if step else 1 - part)
        total += weight * _LATTICE[place]
    return total


def clouds(p: Vector, octaves: int = 4) -> Floats:
    """Noise on noise, from 0 to 1."""
    total, weight = np.zeros_like(p.x), 0.0
    for octave in range(octaves):
        total += noise(p.scale(2.0**octave).shift(7.3 * octave, 3.1 * octave, 0)) * 0.5**octave
        weight += 0.5**octave
    return total / np.float32(weight)


def speckle(p: Vector, density: float, share: float) -> Floats:
    """Small round dots: 1 in a dot, else 0; ``share`` of the cells have one."""
    q = p.scale(density)
    cells = [np.floor(value).astype(np.int64) for value in q]
    pick = [
        _LATTICE[(cells[0] + shift) % _SIDE, (cells[1] + 2 * shift) % _SIDE, (cells[2] + 5 * shift) % _SIDE]
        for shift in (0, 17, 31, 47)
    ]
    offset = Vector(
        *(value - cell - 0.3 - 0.4 * jitter for value, cell, jitter in zip(q, cells, pick[:3], strict=True))
    )
    radius = 0.12 + 0.2 * pick[0]
    return np.where(pick[3] < share, smooth_step(radius, radius * 0.6, offset.length()), 0).astype(np.float32)


def wood(p: Vector, *, rings: float = 9.0) -> Floats:
    """Grain along y: 0 in early wood, 1 in the dark lines."""
    bent = Vector(p.x * 1.0, p.y * 0.12, p.z * 1.0)
    wobble = clouds(bent.scale(3.0), 3)
    radius = np.hypot(p.x + 0.35, p.z * 0.8 + 0.2) * rings + wobble * 2.2
    ring = radius - np.floor(radius)
    fibre = noise(Vector(p.x * 60, p.y * 2.5, p.z * 60))
    return (smooth_step(0.35, 0.95, ring) * smooth_step(1.0, 0.95, ring) * 0.75 + fibre * 0.35).astype(np.float32)


def smooth_step(low: Floats | float, high: Floats | float, value: Floats) -> Floats:
    t = np.clip((value - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def mix(a: Vector | Colour, b: Vector | Colour, share: Floats) -> Vector:
    """From the first colour to the second, point by point."""
    return Vector(*(low + (high - low) * share for low, high in zip(a, b, strict=True)))
