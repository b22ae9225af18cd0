"""How can a model be broken? One function for each way, from a sound GLB to bytes."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
from collections.abc import Callable
from typing import Any

from .glb import BINARY_CHUNK, JSON_CHUNK, Glb, pack_chunks

Breaker = Callable[[Glb], bytes]
Edit = Callable[[dict[str, Any]], None]
_FOUR_GB = 2**32 - 4


def _edit(change: Edit) -> Breaker:
    def apply(glb: Glb) -> bytes:
        document = glb.copy_document()
        change(document)
        return Glb(document, glb.binary).pack()

    return apply


def _patch(offset: Callable[[bytearray | bytes], int], value: Callable[[int], int]) -> Breaker:
    """Overwrite one 32-bit number of the packed file."""

    def apply(glb: Glb) -> bytes:
        data = bytearray(glb.pack())
        place = offset(data)
        (old,) = struct.unpack_from("<I", data, place)
        struct.pack_into("<I", data, place, value(old))
        return bytes(data)

    return apply


def _find_binary_length(data: bytearray | bytes) -> int:
    return 20 + int(struct.unpack_from("<I", data, 12)[0])


def _replace_positions(number: float) -> Breaker:
    def apply(glb: Glb) -> bytes:
        binary = bytearray(glb.binary)
        struct.pack_into("<3f", binary, 36, number, number, number)
        return Glb(glb.document, bytes(binary)).pack()

    return apply


def _replace_image(content: bytes) -> Breaker:
    """The embedded texture is something else, and still called a PNG."""

    def apply(glb: Glb) -> bytes:
        document = glb.copy_document()
        view = document["bufferViews"][document["images"][0]["bufferView"]]
        start, length = view["byteOffset"], view["byteLength"]
        document["images"][0]["mimeType"] = "image/png"
        binary = glb.binary[:start] + content.ljust(length)[:length] + glb.binary[start + length :]
        return Glb(document, binary).pack()

    return apply


def _sparse(document: dict[str, Any]) -> None:
    count = document["accessors"][0]["count"]
    document["accessors"][0]["sparse"] = {
        "count": count + 1000,
        "indices": {"bufferView": 3, "componentType": 5125},
        "values": {"bufferView": 0},
    }


def _crowd(document: dict[str, Any]) -> None:
    """200 000 nodes in about 4 MB."""
    count = 200_000
    document["nodes"] = [{"mesh": 0}] * count
    document["scenes"] = [{"nodes": list(range(count))}]


def _compress(document: dict[str, Any]) -> None:
    """Says that the mesh is compressed with Draco, which the buffer's bytes are not."""
    name = "KHR_draco_mesh_compression"
    document["extensionsUsed"] = document["extensionsRequired"] = [name]
    attributes = {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}
    document["meshes"][0]["primitives"][0]["extensions"] = {name: {"bufferView": 0, "attributes": attributes}}


def _pack_zip(glb: Glb) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.glb", glb.pack())
        archive.writestr("readme.txt", "assets")
    return file.getvalue()


def _nest(glb: Glb, depth: int = 100_000) -> bytes:
    return pack_chunks(b'{"asset":{"version":"2.0"},"extras":' + b"[" * depth + b"]" * depth + b"}", glb.binary)


def _swell(glb: Glb) -> bytes:
    """64 MB of JSON."""
    document = glb.copy_document()
    text = json.dumps(document).encode()
    return pack_chunks(text[:-1] + b',"extras":"' + b"x" * (64 * 1024 * 1024) + b'"}', glb.binary)


def _set(*path: str | int, value: Any) -> Breaker:
    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return _edit(change)


def _require_evil(document: dict[str, Any]) -> None:
    document["extensionsUsed"] = document["extensionsRequired"] = ["EVIL_ext"]


BREAKERS: dict[str, Breaker] = {
    "empty": lambda glb: b"",
    "magic-only": lambda glb: b"glTF",
    "html": lambda glb: b"<!DOCTYPE html><html><body>File not available</body></html>",
    "json-error": lambda glb: b'{"detail":"File not found"}',
    "zip": _pack_zip,
    "gltf-text": lambda glb: json.dumps(glb.document).encode(),
    "length-too-big": _patch(lambda data: 8, lambda old: old + 4096),
    "length-too-small": _patch(lambda data: 8, lambda old: old - 4096),
    "truncated": lambda glb: glb.pack()[: -len(glb.binary) // 2],
    "json-chunk-4gb": _patch(lambda data: 12, lambda old: _FOUR_GB),
    "bin-chunk-4gb": _patch(_find_binary_length, lambda old: _FOUR_GB),
    "utf16-json": lambda glb: pack_chunks(json.dumps(glb.document).encode("utf-16"), glb.binary),
    "json-array": lambda glb: pack_chunks(b"[1,2,3]", glb.binary),
    "deep-json": _nest,
    "big-json": _swell,
    "accessor-count": _set("accessors", 0, "count", value=2**31),
    "negative-offset": _set("bufferViews", 0, "byteOffset", value=-16),
    "view-out-of-range": _set("bufferViews", 3, "byteLength", value=2**30),
    "mesh-index": _set("nodes", 0, "mesh", value=99),
    "sparse-out-of-range": _edit(_sparse),
    "nan-positions": _replace_positions(math.nan),
    "inf-positions": _replace_positions(math.inf),
    "many-nodes": _edit(_crowd),
    "svg-image": _replace_image(b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "html-image": _replace_image(b"<html><script>alert(1)</script></html>"),
    "evil-extension": _edit(_require_evil),
    "draco": _edit(_compress),
    "two-json-chunks": lambda glb: _repeat_json(glb),
    "no-binary": lambda glb: _drop_binary(glb),
}


def _repeat_json(glb: Glb) -> bytes:
    document = json.dumps(glb.document).encode()
    document += b" " * (-len(document) % 4)
    chunk = struct.pack("<II", len(document), JSON_CHUNK) + document
    rest = struct.pack("<II", len(glb.binary), BINARY_CHUNK) + glb.binary
    return struct.pack("<4sII", b"glTF", 2, 12 + 2 * len(chunk) + len(rest)) + chunk * 2 + rest


def _drop_binary(glb: Glb) -> bytes:
    packed = glb.pack()
    end = _find_binary_length(packed)
    return packed[:8] + struct.pack("<I", end) + packed[12:end]
