"""How far is a point from the surface of a solid? Negative inside; for sphere tracing."""

from __future__ import annotations

import numpy as np

from samples.vectors import Floats, Vector

Point = tuple[float, float, float]


def sphere(p: Vector, centre: Point, radius: float) -> Floats:
    return p.shift(*centre).length() - np.float32(radius)


def ellipsoid(p: Vector, centre: Point, radii: Point) -> Floats:
    q = p.shift(*centre)
    a, b, c = (np.float32(radius) for radius in radii)
    near = Vector(q.x / a, q.y / b, q.z / c).length()
    slope = Vector(q.x / (a * a), q.y / (b * b), q.z / (c * c)).length()
    return near * (near - np.float32(1)) / np.maximum(slope, np.float32(1e-6))


def capsule(p: Vector, start: Point, end: Point, radius: float, end_radius: float | None = None) -> Floats:
    """A rod with round ends, tapering to ``end_radius``."""
    axis = [np.float32(to - since) for since, to in zip(start, end, strict=True)]
    q = p.shift(*start)
    along = (q.x * axis[0] + q.y * axis[1] + q.z * axis[2]) / np.float32(sum(part * part for part in axis))
    along = np.clip(along, 0, 1)
    rest = Vector(q.x - axis[0] * along, q.y - axis[1] * along, q.z - axis[2] * along)
    grown = np.float32((radius if end_radius is None else end_radius) - radius)
    return rest.length() - (np.float32(radius) + grown * along)


def box(p: Vector, centre: Point, half: Point, rounding: float) -> Floats:
    q = p.shift(*centre)
    x, y, z = (np.abs(part) - np.float32(size - rounding) for part, size in zip(q, half, strict=True))
    outside = Vector(np.maximum(x, 0), np.maximum(y, 0), np.maximum(z, 0)).length()
    return outside + np.minimum(np.maximum(x, np.maximum(y, z)), 0) - np.float32(rounding)


def cylinder(p: Vector, centre: Point, radius: float, half_height: float, rounding: float) -> Floats:
    """Upright."""
    q = p.shift(*centre)
    across = np.hypot(q.x, q.z) - np.float32(radius - rounding)
    along = np.abs(q.y) - np.float32(half_height - rounding)
    outside = np.hypot(np.maximum(across, 0), np.maximum(along, 0))
    return outside + np.minimum(np.maximum(across, along), 0) - np.float32(rounding)


def torus(p: Vector, centre: Point, radius: float, thickness: float) -> Floats:
    """Lying flat."""
    q = p.shift(*centre)
    return np.hypot(np.hypot(q.x, q.z) - np.float32(radius), q.y) - np.float32(thickness)


def join(a: Floats, b: Floats, softness: float) -> Floats:
    """Both solids, melted together over ``softness``."""
    k = np.float32(softness)
    h = np.maximum(k - np.abs(a - b), 0) / k
    return np.minimum(a, b) - h * h * k * np.float32(0.25)


def cut(a: Floats, b: Floats, softness: float) -> Floats:
    """The first solid without the second."""
    return -join(-a, b, softness)


def curve(points: str, *, closed: bool = False, steps: int = 12) -> Floats:
    """A smooth line (Catmull-Rom) through points written as ``x,y`` with spaces between."""
    given = np.array([pair.split(",") for pair in points.split()], dtype=np.float64)
    padded = np.vstack([given[-1:], given, given[:2]]) if closed else np.vstack([given[:1], given, given[-1:]])
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        t = np.linspace(0, 1, steps, endpoint=False)[:, None]
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3))
    line = np.vstack(pieces if closed else [*pieces, given[-1:]])
    return line.astype(np.float32)


class Outline:
    """Distance to a line in a plane, measured once on a grid: signed for a closed line, else plain."""

    def __init__(self, line: Floats, *, closed: bool = True, margin: float = 0.4, cells: int = 320) -> None:
        low, high = line.min(axis=0) - margin, line.max(axis=0) + margin
        self.low, self.step = low, np.float32((high - low).max() / cells)
        count = np.ceil((high - low) / self.step).astype(int) + 2
        x = low[0] + self.step * np.arange(count[0], dtype=np.float32)
        y = low[1] + self.step * np.arange(count[1], dtype=np.float32)
        self.grid = _measure(line, *np.meshgrid(x, y, indexing="ij"), closed=closed)

    def __call__(self, x: Floats, y: Floats) -> Floats:
        u = np.clip((x - self.low[0]) / self.step, 0, self.grid.shape[0] - np.float32(1.001))
        v = np.clip((y - self.low[1]) / self.step, 0, self.grid.shape[1] - np.float32(1.001))
        i, j = u.astype(np.int32), v.astype(np.int32)
        u, v = u - i, v - j
        flat, row = self.grid.ravel(), self.grid.shape[1]
        place = i * row + j
        near = flat[place] * (1 - v) + flat[place + 1] * v
        far = flat[place + row] * (1 - v) + flat[place + row + 1] * v
        return (near * (1 - u) + far * u).astype(np.float32)


def outline(points: str) -> Outline:
    return Outline(curve(points, closed=True))


def path(points: str) -> Outline:
    return Outline(curve(points), closed=False)


def _measure(line: Floats, x: Floats, y: Floats, *, closed: bool) -> Floats:
    """Distance of each grid point to the line; inside by counting crossings."""
    best = np.full(x.shape, np.inf, dtype=np.float32)
    inside = np.zeros(x.shape, dtype=bool)
    ends = np.roll(line, -1, axis=0) if closed else line[1:]
    for (ax, ay), (bx, by) in zip(line, ends, strict=False):
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        best = np.minimum(best, np.hypot(x - ax - t * dx, y - ay - t * dy))
        if closed and ay != by:
            crosses = (ay > y) != (by > y)
            inside ^= crosses & (x < dx * (y - ay) / dy + ax)
    return np.where(inside, -best, best)


def lathe(p: Vector, profile: Outline) -> Floats:
    """The profile (radius, height) turned about the upright axis."""
    return profile(np.hypot(p.x, p.z), p.y)


def tube(p: Vector, path: Outline, radius: float, *, flatness: float = 1.0) -> Floats:
    """A rod along a plane line (x, y); ``flatness`` below 1 widens it across the plane."""
    return np.hypot(path(p.x, p.y), p.z * np.float32(flatness)) - np.float32(radius)


def extrude(outline: Floats, across: Floats, half: float, rounding: float) -> Floats:
    """A flat shape made thick, with soft edges."""
    u, v = outline + np.float32(rounding), np.abs(across) - np.float32(half - rounding)
    return np.minimum(np.maximum(u, v), 0) + np.hypot(np.maximum(u, 0), np.maximum(v, 0)) - np.float32(rounding)
