"""Which of the accepted formats are these bytes? Judged by content alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobs.images import jpeg, png, webp


@dataclass(frozen=True, kw_only=True)
class ImageFormat:
    content_type: str
    extension: str
    pillow_names: frozenset[str]
    is_signature: Callable[[bytes], bool]
    read_size: Callable[[bytes], tuple[int, int]]
    check_structure: Callable[[bytes], bool]
    is_light: Callable[[bytes], bool]  # does decoding take little memory, whatever the size?


FORMATS = (
    ImageFormat(
        content_type="image/jpeg",
        extension="jpg",
        pillow_names=frozenset({"JPEG", "MPO"}),  # phones put two JPEGs in one file and it is still a .jpg
        is_signature=lambda head: head.startswith(jpeg.SIGNATURE),
        read_size=jpeg.read_size,
        check_structure=jpeg.check_structure,
        is_light=jpeg.is_baseline,
    ),
    ImageFormat(
        content_type="image/png",
        extension="png",
        pillow_names=frozenset({"PNG"}),
        is_signature=lambda head: head.startswith(png.SIGNATURE),
        read_size=png.read_size,
        check_structure=png.check_structure,
        is_light=lambda data: False,
    ),
    ImageFormat(
        content_type="image/webp",
        extension="webp",
        pillow_names=frozenset({"WEBP"}),
        is_signature=webp.is_signature,
        read_size=webp.read_size,
        check_structure=webp.check_structure,
        is_light=lambda data: False,
    ),
)


def recognise_format(data: bytes) -> ImageFormat | None:
    head = data[:16]
    return next((known for known in FORMATS if known.is_signature(head)), None)
