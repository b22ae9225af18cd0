"""Which pixels lie along the picture's frame, and how are masks grown?"""

from __future__ import annotations

import cv2
import numpy as np

from .arrays import Field, Flags, Pixels


def ring(shape: tuple[int, ...], *, share: float) -> Flags:
    """The band along all four sides, ``share`` of the shorter side wide."""
    width = band_width(shape, share=share)
    band = np.ones(shape[:2], bool)
    band[width:-width, width:-width] = False
    return band


def band_width(shape: tuple[int, ...], *, share: float) -> int:
    return max(2, round(min(shape[:2]) * share))


def disc(radius: int) -> Pixels:
    kernel: Pixels = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return kernel


def grow(mask: Flags, *, radius: int) -> Flags:
    grown: Flags = cv2.dilate(mask.astype(np.uint8), disc(radius)).astype(bool)
    return grown


def blur(field: Field, *, sigma: float) -> Field:
    blurred: Field = cv2.GaussianBlur(field, (0, 0), sigma)
    return blurred


def resize(field: Field, *, size: tuple[int, int]) -> Field:
    """To ``size`` (width, height): averaged when smaller, linear when larger."""
    shrinks = size[0] * size[1] < field.shape[0] * field.shape[1]
    resized: Field = cv2.resize(field, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return resized
