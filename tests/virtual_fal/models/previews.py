"""What does the preview of a result show? The picture that was sent, or a shaded ball."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

_SIDE = 512


def show_picture(picture: Path) -> bytes:
    """A WebP of the picture, as models by the local engine look like it."""
    with Image.open(picture) as image:
        small = image.convert("RGB")
    small.thumbnail((_SIDE, _SIDE))
    return _encode(small)


def show_sphere(*, variant: int) -> bytes:
    rng = np.random.default_rng(variant)
    y, x = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    depth = np.sqrt(np.clip(0.64 - x**2 - y**2, 0, None)) / 0.8
    light = np.clip(0.25 + 0.75 * (depth * 0.7 - x * 0.4 - y * 0.5), 0, 1)[..., None]
    ball = light * rng.integers(90, 255, size=3)
    pixels = np.where(depth[..., None] > 0, ball, 245).astype(np.uint8)
    return _encode(Image.fromarray(pixels))


def _encode(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=80)
    return file.getvalue()
