"""Is this upload an acceptable picture, and what is it?"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass
from typing import BinaryIO

from jobs.images import errors
from jobs.images.decoding import DECODE_ERRORS, has_transparency, open_image, read_orientation
from jobs.images.errors import BrokenStructureError
from jobs.images.filenames import show_filename
from jobs.images.formats import ImageFormat, recognise_format
from jobs.images.limits import DEFAULT_LIMITS, ImageLimits
from jobs.images.rendering import encode_thumbnail

LARGE_PIXELS = 16_000_000


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


@dataclass(frozen=True, kw_only=True)
class Examined:
    """An accepted picture, and how it looks small."""

    facts: ImageFacts
    thumbnail: bytes


class TooLargeForNow(Exception):
    """This picture takes much memory while it is decoded, and the caller has not said that there is room for it."""


def inspect_image(data: BinaryIO | bytes, *, filename: str, limits: ImageLimits = DEFAULT_LIMITS) -> ImageFacts:
    """Facts about a picture that can be decoded to its end, or ``ImageError``. A handle is read from its place on."""
    return examine_image(data, filename=filename, limits=limits).facts


def examine_image(
    data: BinaryIO | bytes, *, filename: str, limits: ImageLimits = DEFAULT_LIMITS, may_be_large: bool = True
) -> Examined:
    """As ``inspect_image``, and a thumbnail out of the same decoding, which is most of the cost of both."""
    name = show_filename(filename)
    content = _read_content(data, name=name, limits=limits)
    known = _recognise(content, name=name)
    try:
        size = _check_size(known.read_size(content), name=name, limits=limits)
        if known.check_structure(content):
            raise errors.refuse_animation(name)
    except (BrokenStructureError, struct.error, IndexError) as error:
        raise errors.refuse_corrupt(name) from error
    if not may_be_large and _takes_much(content, known=known, size=size):
        raise TooLargeForNow
    return _decode(content, known=known, size=size, name=name)


def is_large(content: bytes) -> bool:
    """Would decoding this, if it is a picture, take much memory?"""
    known = recognise_format(content)
    try:
        return known is not None and _takes_much(content, known=known, size=known.read_size(content))
    except (BrokenStructureError, struct.error, IndexError):
        return False


def _takes_much(content: bytes, *, known: ImageFormat, size: tuple[int, int]) -> bool:
    return math.prod(size) > LARGE_PIXELS and not known.is_light(content)


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


def _decode(content: bytes, *, known: ImageFormat, size: tuple[int, int], name: str) -> Examined:
    try:
        orientation, has_alpha, thumbnail = _look(content, known=known, size=size)
    except DECODE_ERRORS as error:
        raise errors.refuse_corrupt(name) from error
    width, height = size if orientation < 5 else size[::-1]
    facts = ImageFacts(
        content_type=known.content_type,
        extension=known.extension,
        width=width,
        height=height,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        has_alpha=has_alpha,
    )
    return Examined(facts=facts, thumbnail=thumbnail)


def _look(content: bytes, *, known: ImageFormat, size: tuple[int, int]) -> tuple[int, bool, bytes]:
    """Orientation, transparency and thumbnail, once both of Pillow's checks have passed: each finds what the other
    misses. All data of a JPEG is read, but only as many pixels of it are made as a thumbnail needs."""
    with open_image(content) as image:
        if image.format not in known.pillow_names or image.size != size:
            raise BrokenStructureError("two readers see different pictures")
        image.verify()
    with open_image(content) as image:
        thumbnail = encode_thumbnail(image)
        return read_orientation(image), has_transparency(image), thumbnail
