"""Which pictures are sent? Photos by formula, of a wanted weight, each with bytes of its own."""

from __future__ import annotations

import io
import struct
from functools import cache

import numpy as np
from PIL import Image

SMALL = (2048, 1536, 8.5)  # 3 megapixels with as much grain as makes 1 MB
LARGE = (5600, 4200, 12.0)  # 23.5 megapixels, 8.8 MB


@cache
def draw_photo(width: int, height: int, grain: float) -> bytes:
    """A JPEG of soft shapes and grain."""
    random = np.random.default_rng(7)
    coarse = Image.fromarray(random.integers(0, 255, (height // 128, width // 128, 3), dtype=np.uint8))
    base = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    noise = grain * random.standard_normal((height, width, 1), dtype=np.float32)
    return _encode(np.clip(base + noise, 0, 255).astype(np.uint8))


def _encode(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def make_unique(photo: bytes, number: int) -> bytes:
    """The same pixels with a comment of its own, so that no two uploads are one picture."""
    comment = f"load {number}".encode()
    return photo[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + photo[2:]
