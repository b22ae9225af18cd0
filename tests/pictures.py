"""Which pictures do the tests upload? Objects drawn by formula, on grounds of several kinds, and their encoding."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

Field = np.ndarray  # (height, width): signed distance to an outline in units of the picture's half side; inside < 0


def encode_png(image: Image.Image, **options: Any) -> bytes:
    return encode(image, "PNG", **options)


def encode_jpeg(image: Image.Image, **options: Any) -> bytes:
    return encode(image, "JPEG", **{"quality": 90, **options})


def encode_webp(image: Image.Image, **options: Any) -> bytes:
    return encode(image, "WEBP", **options)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def draw_mug(size: int = 256) -> Image.Image:
    """A red mug whose handle one can see through; RGBA."""
    x, y = _grid(size)
    body = _box(x + 0.15, y, 0.42, 0.55, rounding=0.12)
    handle = np.abs(np.hypot((x - 0.3) / 0.9, y) - 0.28) - 0.07
    return _colour(np.minimum(body, handle), (200, 50, 40), size)


def draw_torus(size: int = 256) -> Image.Image:
    x, y = _grid(size)
    return _colour(np.abs(np.hypot(x, y) - 0.55) - 0.22, (60, 120, 200), size)


def draw_disc(size: int = 256, *, radius: float = 0.7) -> Image.Image:
    x, y = _grid(size)
    return _colour(np.hypot(x, y) - radius, (230, 150, 40), size)


def draw_bust(size: int = 256) -> Image.Image:
    """A head on shoulders that the lower side of the picture cuts off."""
    x, y = _grid(size)
    shoulders = np.hypot(x, (y - 1.1) / 0.9) - 0.75
    neck = _box(x, y - 0.2, 0.16, 0.3, rounding=0.05)
    return _colour(np.minimum.reduce([np.hypot(x, y + 0.3) - 0.38, neck, shoulders]), (150, 110, 90), size)


def draw_pair(size: int = 256) -> Image.Image:
    """Two bodies of the same size and a third that is too small to belong to them."""
    x, y = _grid(size)
    speck = np.hypot(x - 0.8, y + 0.8) - 0.1
    pair = np.minimum(_box(x + 0.42, y, 0.28, 0.6, rounding=0.2), _box(x - 0.42, y, 0.28, 0.6, rounding=0.2))
    return _colour(np.minimum(pair, speck), (90, 90, 140), size)


def draw_blob(seed: int, *, size: int = 256, detail: float = 6.0, cover: float = 0.35) -> Image.Image:
    """A random shape: with holes, several parts and cuts by the frame, as chance will have it; RGBA."""
    random = np.random.default_rng(seed)
    cells = max(3, round(detail))
    noise = Image.fromarray(random.normal(size=(cells, cells)).astype(np.float32))
    hills = np.asarray(noise.resize((size, size), Image.Resampling.BICUBIC))
    x, y = _grid(size)
    hills = hills - 0.8 * np.hypot(x, y)
    level = np.quantile(hills, 1 - cover)
    colour = tuple(int(value) for value in random.integers(30, 220, 3))
    return _colour((level - hills) * 0.1, colour, size)


def put_on(image: Image.Image, ground: tuple[int, int, int] | Image.Image = (255, 255, 255)) -> Image.Image:
    """The object in front of a colour or another picture; RGB."""
    behind = ground if isinstance(ground, Image.Image) else Image.new("RGB", image.size, ground)
    placed = behind.convert("RGBA").resize(image.size)
    placed.alpha_composite(image)
    return placed.convert("RGB")


def draw_noise(size: int = 256, *, seed: int = 1) -> Image.Image:
    """Nothing at all to be seen in it."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def draw_slope(size: int = 256) -> Image.Image:
    """A smooth run from dark to light, as of an evenly lit wall."""
    x, _ = _grid(size)
    return Image.fromarray(np.repeat((128 + 60 * x)[..., None], 3, axis=2).astype(np.uint8))


def draw_patchwork(size: int = 256, *, seed: int = 1) -> Image.Image:
    """Patches of many colours: a busy ground."""
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    return Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC)


def _grid(size: int) -> tuple[Field, Field]:
    """x to the right and y down, from -1 to 1 over the picture."""
    along = (np.arange(size) + 0.5) / size * 2 - 1
    return np.meshgrid(along, along)


def _box(x: Field, y: Field, half_width: float, half_height: float, *, rounding: float) -> Field:
    across, down = np.abs(x) - half_width + rounding, np.abs(y) - half_height + rounding
    outside = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
    return outside + np.minimum(np.maximum(across, down), 0) - rounding


def _colour(distance: Field, colour: tuple[int, ...], size: int) -> Image.Image:
    """Lit from the upper left, soft at the edge."""
    x, y = _grid(size)
    light = np.clip(1 - 0.25 * x - 0.35 * y, 0.5, 1.5)[..., None]
    alpha = np.clip(0.5 - distance * size / 2, 0, 1)[..., None]
    pixels = np.concatenate([np.clip(np.array(colour) * light, 0, 255), 255 * alpha], axis=2)
    return Image.fromarray((pixels + 0.5).astype(np.uint8), "RGBA")
