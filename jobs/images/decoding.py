"""How are bytes opened by Pillow safely? Three formats, bounded pixels."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

# Imported by name: looking a format up would make Pillow import its readers for every format there is.
from PIL import Image, ImageFile, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin

from jobs.images.errors import BrokenStructureError
from jobs.images.limits import MAX_PIXELS

Image.MAX_IMAGE_PIXELS = MAX_PIXELS

PLUGINS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin)

# What readers raise on hostile or damaged files; anything else is our bug and must be seen.
DECODE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    zlib.error,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
)

_ORIENTATION_TAG = 0x0112
_warning_filters = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Odd EXIF makes Pillow warn, which is no news to anybody; the filters are the process's, so one at a time."""
    with _warning_filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def open_image(data: bytes) -> Iterator[ImageFile.ImageFile]:
    with _quiet():
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
    with image:
        yield image


def read_orientation(image: Image.Image) -> int:
    """EXIF orientation 1–8; damaged EXIF is no reason to refuse a picture."""
    try:
        with _quiet():
            value = image.getexif().get(_ORIENTATION_TAG, 1)
    except DECODE_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def has_transparency(image: Image.Image) -> bool:
    """Are there, or may there be, pixels that are not opaque?"""
    if image.mode in ("P", "PA") and image.palette is None:
        raise BrokenStructureError("no palette")
    if image.mode in ("RGBA", "LA"):
        return image.getchannel("A").getextrema() != (255, 255)
    return image.has_transparency_data
