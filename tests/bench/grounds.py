"""What may stand behind an object? Grounds by formula, from a plain sheet to gravel, and soft shadows."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Canvas = np.ndarray  # (height, width, 3), 0..255, float32


def paint_white(size: int, random: np.random.Generator) -> Canvas:
    return np.full((size, size, 3), 250, np.float32) + random.normal(0, 0.7, (size, size, 3))


def paint_grey(size: int, random: np.random.Generator) -> Canvas:
    return np.full((size, size, 3), 127, np.float32) + random.normal(0, 1.5, (size, size, 3))


def paint_vignette(size: int, random: np.random.Generator) -> Canvas:
    along = np.linspace(-1, 1, size)
    x, y = np.meshgrid(along, along)
    light = 1 - 0.25 * (x * x + y * y) + 0.1 * x
    return light[..., None] * np.array([150, 170, 190]) + random.normal(0, 4, (size, size, 3))


def paint_wall_and_floor(size: int, random: np.random.Generator) -> Canvas:
    canvas = np.empty((size, size, 3), np.float32)
    horizon = int(size * random.uniform(0.6, 0.75))
    canvas[:horizon], canvas[horizon:] = (205, 200, 190), (140, 110, 85)
    return cv2.GaussianBlur(canvas, (0, 0), 2) + random.normal(0, 3, (size, size, 3))


def paint_gravel(size: int, random: np.random.Generator) -> Canvas:
    grain = sum(_grain(size, cells, random) for cells in (size // 6, size // 12, size // 30))
    return np.array([135, 125, 115]) + 28 * grain[..., None] * np.array([1, 0.95, 0.9])


def paint_grass(size: int, random: np.random.Generator) -> Canvas:
    blades = cv2.GaussianBlur(random.normal(0, 1, (size, size)).astype(np.float32), (0, 0), sigmaX=1, sigmaY=5)
    blades = blades / blades.std() + 0.8 * _grain(size, size // 40, random)
    return np.array([75, 120, 50]) + 22 * blades[..., None] * np.array([0.8, 1, 0.6])


def paint_room(size: int, random: np.random.Generator) -> Canvas:
    """Large blurred things of many colours, as behind an object in a photograph."""
    cells = random.integers(20, 235, (5, 5, 3)).astype(np.float32)
    canvas = cv2.resize(cells, (size, size), interpolation=cv2.INTER_NEAREST)
    return cv2.GaussianBlur(canvas, (0, 0), size / 40) + random.normal(0, 3, (size, size, 3))


def _grain(size: int, cells: int, random: np.random.Generator) -> np.ndarray:
    return cv2.resize(
        random.normal(0, 1, (cells, cells)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )


GROUNDS: dict[str, Callable[[int, np.random.Generator], Canvas]] = {
    "white": paint_white,
    "grey": paint_grey,
    "vignette": paint_vignette,
    "wall_floor": paint_wall_and_floor,
    "gravel": paint_gravel,
    "grass": paint_grass,
    "room": paint_room,
}


def cast_shadow(canvas: Canvas, alpha: np.ndarray, *, strength: float = 0.35) -> Canvas:
    """A soft ellipse under the object, and the object's own outline, shifted and blurred."""
    rows, columns = np.nonzero(alpha > 0.5)
    size = canvas.shape[0]
    shade = np.zeros(canvas.shape[:2], np.float32)
    centre = (int(columns.mean()), int(rows.max()) - size // 100)
    cv2.ellipse(shade, centre, (int(np.ptp(columns) * 0.5), size // 25), 0, 0, 360, 1.0, -1)
    shade = cv2.GaussianBlur(shade, (0, 0), size / 50)
    moved = np.roll(alpha.astype(np.float32), (size // 60, size // 30), axis=(0, 1))
    shade = np.maximum(shade, 0.5 * cv2.GaussianBlur(moved, (0, 0), size / 35))
    return canvas * (1 - strength * shade[..., None])
