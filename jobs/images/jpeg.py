"""Does a JPEG hold together and how big is it? Answered without decoding a pixel."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator

from jobs.images.errors import BrokenStructureError

SIGNATURE = b"\xff\xd8\xff"
# A 10 MB picture of full segments has 160; the finest progressive encoders write fewer than a hundred scans.
MAX_SEGMENTS = 1_000
MAX_SCANS = 100

# A block of 8 x 8 pixels takes at least one bit in the usual (Huffman) codings: a byte holds so many pixels.
MAX_PIXELS_OF_BYTE = 8 * 8 * 8

_HUFFMAN_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LAST_SEQUENTIAL = 0xC1
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_WITHOUT_BODY = frozenset({0x01, *range(0xD0, 0xD9)})
# Inside a scan FF is followed by 00 (a stuffed FF) or by a restart marker; anything else ends the scan. Two bytes of
# fixed kinds are found three times as fast as any number of FF: the last of them is a marker's, the rest fill.
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height from the first frame header."""
    for marker, body in _walk_segments(data):
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, body + 1)
            return width, height
    raise BrokenStructureError("no frame header")


def check_structure(data: bytes) -> bool:
    """Raise ``BrokenStructureError`` unless the first picture reaches its end marker; JPEG has no animations."""
    markers = [marker for marker, _ in _walk_segments(data)]
    if markers[-1] != _END_OF_IMAGE or _START_OF_SCAN not in markers:
        raise BrokenStructureError("no end")
    if markers.count(_START_OF_SCAN) > MAX_SCANS:
        raise BrokenStructureError("too many scans")
    if _HUFFMAN_FRAMES & set(markers) and math.prod(read_size(data)) > len(data) * MAX_PIXELS_OF_BYTE:
        raise BrokenStructureError("more pixels than data")
    return False


def is_baseline(data: bytes) -> bool:
    """Read row by row, so that a reduced size takes little memory; a progressive one is kept whole meanwhile."""
    frames = [marker for marker, _ in _walk_segments(data) if marker in _START_OF_FRAME]
    return all(marker <= _LAST_SEQUENTIAL for marker in frames)


def _walk_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Each marker up to the end of the first picture, with the place where its body begins."""
    position = 2
    for _ in range(MAX_SEGMENTS):
        marker, position = _read_marker(data, position)
        yield marker, position + 2
        if marker == _END_OF_IMAGE:
            return
        if marker not in _WITHOUT_BODY:
            position += _read_length(data, position)
        if marker == _START_OF_SCAN:
            position = _skip_scan(data, position)
    raise BrokenStructureError("too many segments")


def _read_marker(data: bytes, position: int) -> tuple[int, int]:
    if data[position] != 0xFF:
        raise BrokenStructureError("a marker is missing")
    while data[position] == 0xFF:  # any number of fill bytes may stand before a marker
        position += 1
    return data[position], position + 1


def _read_length(data: bytes, position: int) -> int:
    (length,) = struct.unpack_from(">H", data, position)
    if length < 2 or position + length > len(data):
        raise BrokenStructureError("broken segment")
    return int(length)


def _skip_scan(data: bytes, position: int) -> int:
    found = _MARKER_AFTER_SCAN.search(data, position)
    if found is None:
        raise BrokenStructureError("no end")
    return found.start()
