"""Is this a GLB at all, and what are its JSON and its binary part?"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import numpy as np

from .errors import MeshError, invalid_glb

MAX_BYTES: Final = 200 * 1024 * 1024
MAX_JSON_BYTES: Final = 8 * 1024 * 1024
MAX_JSON_DEPTH: Final = 100
MAX_CHUNKS: Final = 64  # the format needs two; the rest is for extensions

HEADER_BYTES: Final = 12
CHUNK_HEADER_BYTES: Final = 8

# Linear on purpose: every quote found either closes or swallows the rest, so no text is scanned twice.
_JSON_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Container:
    """The two parts of a GLB."""

    tree: dict[str, Any]
    binary: memoryview


def open_container(data: bytes) -> Container:
    """Take a GLB apart without trusting a single length in it."""
    _check_header(data)
    chunks = _split_chunks(data)
    if not chunks or chunks[0][0] != b"JSON":
        raise invalid_glb("the first chunk is not JSON")
    binary = chunks[1][1] if len(chunks) > 1 and chunks[1][0] == b"BIN\0" else memoryview(b"")
    return Container(tree=_parse_json(bytes(chunks[0][1])), binary=binary)


def _check_header(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise MeshError(
            "result_too_large",
            f"The model file has {len(data):,} bytes; the limit is {MAX_BYTES:,}.",
            "Ask for fewer faces or a smaller texture.",
        )
    if len(data) < HEADER_BYTES or data[:4] != b"glTF":
        raise invalid_glb("it does not begin with a GLB header")
    version, declared = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise invalid_glb(f"its version is {version}, not 2")
    if declared > len(data):
        raise MeshError(
            "result_truncated",
            f"The model file is cut short: {len(data):,} of {declared:,} bytes are there.",
            "Generate the model again.",
        )
    if declared < len(data):
        raise invalid_glb(f"it declares {declared:,} bytes and has {len(data):,}")


def _split_chunks(data: bytes) -> list[tuple[bytes, memoryview]]:
    whole, start = memoryview(data), HEADER_BYTES
    chunks: list[tuple[bytes, memoryview]] = []
    while start < len(data):
        if len(chunks) == MAX_CHUNKS or start + CHUNK_HEADER_BYTES > len(data):
            raise invalid_glb("its chunks do not fill the file")
        length, kind = struct.unpack_from("<I4s", data, start)
        start += CHUNK_HEADER_BYTES
        if start + length > len(data):
            raise invalid_glb(f"a chunk of {length:,} bytes reaches past the end of the file")
        chunks.append((kind, whole[start : start + length]))
        start += length
    return chunks


def _parse_json(text: bytes) -> dict[str, Any]:
    if len(text) > MAX_JSON_BYTES:
        raise invalid_glb(f"its JSON part has {len(text):,} bytes; the limit is {MAX_JSON_BYTES:,}")
    if _measure_depth(text) > MAX_JSON_DEPTH:
        raise invalid_glb("its JSON part is nested too deeply")
    try:
        tree = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are both ValueErrors
        raise invalid_glb("its JSON part cannot be read") from error
    if not isinstance(tree, dict):
        raise invalid_glb("its JSON part is not an object")
    return tree


def _measure_depth(text: bytes) -> int:
    """How deep brackets are nested, found before parsing so that the parser never recurses too far."""
    marks = np.frombuffer(_JSON_STRING.sub(b"", text), np.uint8)
    opened = (marks == ord("[")) | (marks == ord("{"))
    closed = (marks == ord("]")) | (marks == ord("}"))
    steps = opened.astype(np.int32) - closed
    return int(np.cumsum(steps).max(initial=0))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
