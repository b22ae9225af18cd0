"""Does a PNG hold together, how big is it, does it move? Answered without decoding a pixel."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from jobs.images.errors import BrokenStructureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A 10 MB picture in data chunks of 2 KB has 5,000; hundreds of thousands of tiny ones only cost the reader time.
MAX_CHUNKS = 10_000
# Compressed texts and colour profiles of a picture, inflated, all together.
MAX_INFLATED_BYTES = 4 * 1024 * 1024
# Each alone: what Pillow takes as well.
MAX_INFLATED_CHUNK_BYTES = 1024 * 1024


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header, whose checksum must be right."""
    length, kind, width, height = struct.unpack_from(">I4sII", data, 8)
    header = data[12:29]
    if kind != b"IHDR" or length != 13 or zlib.crc32(header) != struct.unpack_from(">I", data, 29)[0]:
        raise BrokenStructureError("broken header")
    return width, height


def check_structure(data: bytes) -> bool:
    """Raise ``BrokenStructureError`` unless every chunk is whole and harmless; say whether it is an animation."""
    seen: set[bytes] = set()
    budget = MAX_INFLATED_BYTES
    for kind, body in _walk_chunks(data):
        seen.add(kind)
        budget -= _measure_inflated(kind, body)
        if budget < 0:
            raise BrokenStructureError("texts inflate to too much")
    if not {b"IDAT", b"IEND"} <= seen:
        raise BrokenStructureError("no end")
    return b"acTL" in seen


def _walk_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    position = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data) or not kind.isalpha():
            raise BrokenStructureError("broken chunk")
        yield kind, view[position + 8 : end - 4]
        if kind == b"IEND":
            return
        position = end
    raise BrokenStructureError("too many chunks")


def _measure_inflated(kind: bytes, body: memoryview) -> int:
    packed = _find_packed(kind, bytes(body)) if kind in (b"zTXt", b"iCCP", b"iTXt") else b""
    if not packed:
        return 0
    try:
        size = len(zlib.decompressobj().decompress(packed, MAX_INFLATED_CHUNK_BYTES + 1))
    except zlib.error:
        return 0  # an unreadable text or profile is left out by every reader; the picture is whole
    if size > MAX_INFLATED_CHUNK_BYTES:
        raise BrokenStructureError("a text or profile inflates to too much")
    return size


def _find_packed(kind: bytes, body: bytes) -> bytes:
    """The compressed part: after keyword and method, in iTXt also after language and translated keyword."""
    _, _, rest = body.partition(b"\0")
    if kind != b"iTXt":
        return rest[1:]
    if rest[:1] != b"\x01":
        return b""
    return rest[2:].partition(b"\0")[2].partition(b"\0")[2]
