"""Does a WebP hold together, how big is it, does it move? Answered without decoding a pixel."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from jobs.images.errors import BrokenStructureError

MAX_CHUNKS = 1_000

_ANIMATION_FLAG = 0x02
_HEADER = 12


def is_signature(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height: of the canvas in the extended form, else of the only picture."""
    kind = data[_HEADER : _HEADER + 4]
    body = data[_HEADER + 8 : _HEADER + 18]
    if kind == b"VP8X":
        return _read_24_bits(body[4:7]) + 1, _read_24_bits(body[7:10]) + 1
    if kind == b"VP8L" and body[:1] == b"\x2f":
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise BrokenStructureError("broken header")


def check_structure(data: bytes) -> bool:
    """Raise ``BrokenStructureError`` unless all chunks are there; say whether it is an animation."""
    seen = {kind for kind, _ in _walk_chunks(data)}
    if _is_animated(data, seen):
        return True
    if not seen & {b"VP8 ", b"VP8L"}:
        raise BrokenStructureError("no picture")
    return False


def _is_animated(data: bytes, seen: set[bytes]) -> bool:
    flagged = b"VP8X" in seen and bool(data[_HEADER + 8] & _ANIMATION_FLAG)
    return flagged or bool(seen & {b"ANIM", b"ANMF"})


def _walk_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    (size,) = struct.unpack_from("<I", data, 4)
    end = size + 8
    if end > len(data):
        raise BrokenStructureError("cut off")
    position = _HEADER
    for _ in range(MAX_CHUNKS):
        if end - position < 8:
            return
        kind, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > end:
            raise BrokenStructureError("broken chunk")
        yield kind, length
        position += 8 + length + length % 2  # chunks are padded to even lengths
    raise BrokenStructureError("too many chunks")


def _read_24_bits(body: bytes) -> int:
    if len(body) < 3:
        raise BrokenStructureError("broken header")
    return int.from_bytes(body, "little")
