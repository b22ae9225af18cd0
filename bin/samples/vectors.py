"""How do many points at once add, turn and stretch? A vector is three float32 arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Vector(NamedTuple):
    x: Floats
    y: Floats
    z: Floats

    def take(self, where: NDArray[np.bool_] | NDArray[np.intp]) -> Vector:
        return Vector(self.x[where], self.y[where], self.z[where])

    def shift(self, x: float, y: float, z: float) -> Vector:
        return Vector(self.x - np.float32(x), self.y - np.float32(y), self.z - np.float32(z))

    def scale(self, factor: Floats | float) -> Vector:
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    def plus(self, other: Vector) -> Vector:
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def dot(self, other: Vector) -> Floats:
        return self.x * other.x + self.y * other.y + self.z * other.z

    def cross(self, other: Vector) -> Vector:
        return Vector(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )

    def length(self) -> Floats:
        return np.sqrt(self.dot(self))

    def unit(self) -> Vector:
        return self.scale(np.float32(1) / np.maximum(self.length(), np.float32(1e-9)))

    def turn_y(self, degrees: float) -> Vector:
        """Turned about the upright axis."""
        sine, cosine = np.float32(np.sin(np.radians(degrees))), np.float32(np.cos(np.radians(degrees)))
        return Vector(cosine * self.x + sine * self.z, self.y, cosine * self.z - sine * self.x)

    def turn_x(self, degrees: float) -> Vector:
        sine, cosine = np.float32(np.sin(np.radians(degrees))), np.float32(np.cos(np.radians(degrees)))
        return Vector(self.x, cosine * self.y - sine * self.z, cosine * self.z + sine * self.y)

    def turn_z(self, degrees: float) -> Vector:
        sine, cosine = np.float32(np.sin(np.radians(degrees))), np.float32(np.cos(np.radians(degrees)))
        return Vector(cosine * self.x - sine * self.y, cosine * self.y + sine * self.x, self.z)

    def stack(self) -> Floats:
        return np.stack(self, axis=-1)


def make_vector(values: NDArray[np.floating]) -> Vector:
    """From an array whose last axis holds x, y, z."""
    return Vector(*(np.ascontiguousarray(values[..., axis], dtype=np.float32) for axis in range(3)))


def fill_vector(value: tuple[float, float, float], like: Floats) -> Vector:
    return Vector(*(np.full_like(like, part) for part in value))
