"""How big may a picture be?"""

from __future__ import annotations

from dataclasses import dataclass

MAX_BYTES = 10 * 1024 * 1024
MIN_SIDE = 32
MAX_SIDE = 16_384
MAX_PIXELS = 50_000_000


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """What the operator allows; the defaults are those of the wire contract."""

    max_bytes: int = MAX_BYTES
    min_side: int = MIN_SIDE
    max_side: int = MAX_SIDE
    max_pixels: int = MAX_PIXELS


DEFAULT_LIMITS = ImageLimits()
