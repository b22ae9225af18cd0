"""Is this upload an acceptable picture, and what is it?"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import BinaryIO

from jobs.images import errors
from jobs.images.decoding import DECODE_ERRORS, has_transparency, open_image, read_orientation, take_turn
from jobs.images.errors import BrokenStructureError
from jobs.images.filenames import show_filename
from jobs.images.formats import ImageFormat, recognise_format
from jobs.images.limits import DEFAULT_LIMITS, ImageLimits

# Scale at which a JPEG is decoded to see whether it can be: all its data is read, an eighth of each side is kept.
_JPEG_CHECK_SCALE = 8


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What an accepted picture is, whatever its name and declared type said."""

    content_type: str
    extension: str  # without a dot
    width: int  # as it is seen, EXIF orientation applied
    height: int
    size: int  # bytes
    sha256: str
    has_alpha: bool  # some pixel is not opaque


def inspect_image(data: BinaryIO | bytes, *, filename: str, limits: ImageLimits = DEFAULT_LIMITS) -> ImageFacts:
    """Facts about a picture that can be decoded to its end, or ``ImageError``. A handle is read from its place on."""
    name = show_filename(filename)
    content = _read_content(data, name=name, limits=limits)
    known = _recognise(content, name=name)
    try:
        size = _check_size(known.read_size(content), name=name, limits=limits)
        if known.check_structure(content):
            raise errors.refuse_animation(name)
    except (BrokenStructureError, struct.error, IndexError) as error:
        raise errors.refuse_corrupt(name) from error
    return _decode_facts(content, known=known, size=size, name=name)


def _read_content(data: BinaryIO | bytes, *, name: str, limits: ImageLimits) -> bytes:
    content = data if isinstance(data, bytes) else data.read(limits.max_bytes + 1)
    if not content:
        raise errors.refuse_empty(name)
    if len(content) > limits.max_bytes:
        raise errors.refuse_bytes(name, limit=limits.max_bytes)
    return content


def _recognise(content: bytes, *, name: str) -> ImageFormat:
    known = recognise_format(content)
    if known is None:
        raise errors.refuse_type(name)
    return known


def _check_size(size: tuple[int, int], *, name: str, limits: ImageLimits) -> tuple[int, int]:
    width, height = size
    if width == 0 or height == 0:
        raise BrokenStructureError("no pixels")
    if max(size) > limits.max_side or width * height > limits.max_pixels:
        raise errors.refuse_dimensions(name, size, max_side=limits.max_side, max_pixels=limits.max_pixels)
    if min(size) < limits.min_side:
        raise errors.refuse_small(name, size, min_side=limits.min_side)
    return size


def _decode_facts(content: bytes, *, known: ImageFormat, size: tuple[int, int], name: str) -> ImageFacts:
    try:
        with take_turn(size[0] * size[1]):
            orientation, has_alpha = _decode(content, known=known, size=size)
    except DECODE_ERRORS as error:
        raise errors.refuse_corrupt(name) from error
    width, height = size if orientation < 5 else size[::-1]
    return ImageFacts(
        content_type=known.content_type,
        extension=known.extension,
        width=width,
        height=height,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        has_alpha=has_alpha,
    )


def _decode(content: bytes, *, known: ImageFormat, size: tuple[int, int]) -> tuple[int, bool]:
    """Orientation and transparency, once both of Pillow's checks have passed: each finds what the other misses."""
    with open_image(content) as image:
        if image.format not in known.pillow_names or image.size != size:
            raise BrokenStructureError("two readers see different pictures")
        image.verify()
    with open_image(content) as image:
        orientation = read_orientation(image)
        image.draft(None, (size[0] // _JPEG_CHECK_SCALE, size[1] // _JPEG_CHECK_SCALE))
        image.load()
        return orientation, has_transparency(image)
