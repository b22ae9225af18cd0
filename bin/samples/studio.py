"""What light is in the studio? Softboxes round the object, a pale room and a pale table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from samples.patterns import smooth_step
from samples.vectors import Floats, Vector, fill_vector

TARGET = (0.0, 0.5, 0.0)
TABLE = 0.62  # how much light the table throws back


@dataclass(frozen=True)
class Softbox:
    """A glowing rectangle that faces the object: its middle, size and brightness in red, green, blue."""

    middle: tuple[float, float, float]
    width: float
    height: float
    glow: tuple[float, float, float]

    @property
    def area(self) -> float:
        return self.width * self.height

    @cached_property
    def facing(self) -> Floats:
        toward = np.array(TARGET) - np.array(self.middle)
        return (toward / np.linalg.norm(toward)).astype(np.float32)

    @cached_property
    def half_u(self) -> Floats:
        across = np.cross(self.facing, (0, 1, 0))
        return (across / np.linalg.norm(across) * self.width / 2).astype(np.float32)

    @cached_property
    def half_v(self) -> Floats:
        upward = np.cross(self.half_u, self.facing)
        return (upward / np.linalg.norm(upward) * self.height / 2).astype(np.float32)

    def pick(self, u: Floats, v: Floats) -> Vector:
        """Points on it for numbers from 0 to 1."""
        parts = zip(self.middle, self.half_u, self.half_v, strict=True)
        return Vector(*(np.float32(m) + np.float32(a) * (2 * u - 1) + np.float32(b) * (2 * v - 1) for m, a, b in parts))

    def glow_along(self, origin: Vector, way: Vector) -> Vector:
        """What a ray sees of it; the edges of the cloth are a little darker."""
        facing = self.facing
        slope = way.x * facing[0] + way.y * facing[1] + way.z * facing[2]
        rest = origin.shift(*self.middle)
        distance = -(rest.x * facing[0] + rest.y * facing[1] + rest.z * facing[2]) / np.where(slope == 0, 1e-9, slope)
        spot = rest.plus(way.scale(distance))
        u, v = (np.abs(_project(spot, half)) for half in (self.half_u, self.half_v))
        shape = smooth_step(1.0, 0.86, u) * smooth_step(1.0, 0.86, v) * (1 - 0.25 * np.maximum(u, v))
        seen = np.where((distance > 0) & (slope < 0), shape, 0).astype(np.float32)
        return Vector(*(seen * np.float32(part) for part in self.glow))


def _project(spot: Vector, half: Floats) -> Floats:
    size = (half * half).sum()
    return (spot.x * half[0] + spot.y * half[1] + spot.z * half[2]) / size


KEY = Softbox((-3.4, 3.6, 3.4), 2.4, 2.4, (13.0, 12.5, 11.8))
FILL = Softbox((4.6, 1.7, 2.6), 1.5, 3.4, (2.6, 2.8, 3.2))
RIM = Softbox((2.4, 3.2, -4.0), 2.6, 2.2, (9.0, 9.2, 9.6))
LIGHTS = (KEY, FILL, RIM)


def see_room(way: Vector) -> Vector:
    """The room without its lamps: pale overhead, dimmer at eye level."""
    up = np.clip(way.y, 0, 1)
    side = 0.5 - 0.5 * way.x
    base = 0.24 + 0.50 * up + 0.10 * side * (1 - up)
    return Vector(base * np.float32(1.0), base * np.float32(1.0), base * np.float32(1.03))


def see_table(spot: Vector, footprint: float) -> Vector:
    """What the table throws back at a point on it; next to the object it lies in shadow."""
    near = np.hypot(spot.x, spot.z) / np.float32(footprint)
    open_sky = smooth_step(0.55, 2.2, near)
    return fill_vector((TABLE, TABLE * 0.985, TABLE * 0.96), spot.x).scale(0.25 + 0.9 * open_sky)


def see_studio(origin: Vector, way: Vector, *, lamps: bool, footprint: float) -> Vector:
    """Light that arrives along a ray that met nothing of the object."""
    down = way.y < -1e-4
    distance = np.where(down, -origin.y / np.where(down, way.y, -1), 0)
    table = see_table(origin.plus(way.scale(distance)), footprint)
    light = see_room(way)
    if lamps:
        for lamp in LIGHTS:
            light = light.plus(lamp.glow_along(origin, way))
    return Vector(*(np.where(down, below, above).astype(np.float32) for below, above in zip(table, light, strict=True)))
