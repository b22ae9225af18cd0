"""What is in the file? Bytes to pixels: checked before decoding, upright, 8 bits, scaled to the working size."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image

from . import refusals
from .arrays import Pixels

FORMATS = ("PNG", "JPEG", "WEBP")
SIDE_LEAST = 32
PIXELS_MOST = 50_000_000
ASPECT_MOST = 12
ORIENTATION_TAG = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An upright picture at working size."""

    rgb: Pixels
    alpha: Pixels | None  # (height, width)
    source_size: tuple[int, int]  # width and height of the file's own pixels

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])


def load_picture(data: bytes, *, side: int) -> Picture:
    """The picture with its longest side at most ``side`` pixels."""
    with _refusing_unreadable():
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        source_size = image.size
        _check_size(*source_size)
        image.draft("RGB", (side, side))  # a JPEG is decoded at a fraction of its size, never below the working size
        turn = UPRIGHT.get(image.getexif().get(ORIENTATION_TAG, 1))
        image.load()
    image = _shrink(_to_eight_bits(image), side=side)
    if turn is not None:
        image = image.transpose(turn)
    pixels = np.asarray(image)
    alpha = np.ascontiguousarray(pixels[..., 3]) if image.mode == "RGBA" else None
    return Picture(rgb=np.ascontiguousarray(pixels[..., :3]), alpha=alpha, source_size=source_size)


@contextmanager
def _refusing_unreadable() -> Iterator[None]:
    # Pillow's size warning is ours to judge: the limit here is stricter.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except Image.DecompressionBombError as error:
            raise refusals.image_dimensions_exceeded() from error
        except UNREADABLE as error:
            raise refusals.corrupt_image() from error


def _check_size(width: int, height: int) -> None:
    if min(width, height) < SIDE_LEAST:
        raise refusals.image_too_small(width, height, least=SIDE_LEAST)
    if width * height > PIXELS_MOST:
        raise refusals.image_dimensions_exceeded()
    if max(width, height) > ASPECT_MOST * min(width, height):
        raise refusals.aspect()


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """RGB or RGBA. Deep greys keep their brightness, where Pillow's own conversion would clip them to white."""
    if image.mode == "RGBA" or (image.mode == "RGB" and "transparency" not in image.info):
        return image  # converting would copy it, large as it still is
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        return _stretch(image).convert("RGB")
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("RGB")


def _stretch(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float32)
    top = 65535.0 if image.mode == "I" else max(float(values.max()), 1e-9)
    return Image.fromarray((np.clip(values / top, 0, 1) * 255).astype(np.uint8))


def _shrink(image: Image.Image, *, side: int) -> Image.Image:
    longest = max(image.size)
    if longest <= side:
        return image
    if longest > 3 * side:
        image = _reduce_in_bands(image, factor=longest // (2 * side))
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _reduce_in_bands(image: Image.Image, *, factor: int) -> Image.Image:
    """Averages blocks of pixels; in bands, since Pillow copies a picture with alpha before it scales it."""
    width, height = -(-image.width // factor), -(-image.height // factor)
    small = Image.new(image.mode, (width, height))
    step = 256 * factor
    for top in range(0, image.height, step):
        band = image.crop((0, top, image.width, min(image.height, top + step)))
        small.paste(band.reduce(factor), (0, top // factor))
    return small
