"""How is a GLB file put together, and taken apart again?"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

JSON_CHUNK = 0x4E4F534A
BINARY_CHUNK = 0x004E4942
FLOAT, UNSIGNED_SHORT, UNSIGNED_INT = 5126, 5123, 5125


@dataclass(frozen=True)
class Glb:
    """The two parts of a GLB: its document and its binary buffer."""

    document: dict[str, Any]
    binary: bytes

    def pack(self) -> bytes:
        return pack_chunks(json.dumps(self.document, separators=(",", ":")).encode(), self.binary)

    def copy_document(self) -> dict[str, Any]:
        copy: dict[str, Any] = json.loads(json.dumps(self.document))
        return copy


def pack_chunks(document: bytes, binary: bytes) -> bytes:
    """Header and chunks, padded to multiples of four as the format asks."""
    document += b" " * (-len(document) % 4)
    binary += b"\0" * (-len(binary) % 4)
    total = 12 + 8 + len(document) + 8 + len(binary)
    head = struct.pack("<4sII", b"glTF", 2, total) + struct.pack("<II", len(document), JSON_CHUNK)
    return b"".join((head, document, struct.pack("<II", len(binary), BINARY_CHUNK), binary))


def build_glb(
    *, positions: bytes, normals: bytes, coordinates: bytes, indices: bytes, texture: bytes, vertices: int,
    triangles: int, bounds: tuple[list[float], list[float]], texture_type: str = "image/jpeg", spare: int = 0,
) -> Glb:  # fmt: skip
    """One textured mesh; ``spare`` bytes at the end of the buffer bring the file to a wanted size."""
    parts = [positions, normals, coordinates, indices, texture, bytes(spare)]
    views, offset = [], 0
    for part in parts[:5]:
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(part)})
        offset += len(part) + -len(part) % 4
    binary = b"".join(part + b"\0" * (-len(part) % 4) for part in parts)
    index_type = UNSIGNED_SHORT if len(indices) == triangles * 6 else UNSIGNED_INT
    vertex = {"componentType": FLOAT, "count": vertices}
    material = {
        "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0, "roughnessFactor": 0.7}
    }
    attributes = {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}
    document = {
        "asset": {"version": "2.0", "generator": "virtual FAL"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "model"}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": 3, "material": 0}]}],
        "materials": [material],
        "textures": [{"source": 0, "sampler": 0}],
        "samplers": [{}],
        "images": [{"bufferView": 4, "mimeType": texture_type}],
        "accessors": [
            {**vertex, "bufferView": 0, "type": "VEC3", "min": bounds[0], "max": bounds[1]},
            {**vertex, "bufferView": 1, "type": "VEC3"},
            {**vertex, "bufferView": 2, "type": "VEC2"},
            {"bufferView": 3, "componentType": index_type, "count": triangles * 3, "type": "SCALAR"},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    return Glb(document, binary)
