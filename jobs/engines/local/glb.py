"""How is a model written as GLB? One mesh, one material, the same bytes for the same model."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import Indices, Numbers, Points

GENERATOR = "Image2Model local engine"
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
UNSIGNED_SHORT, UNSIGNED_INT, FLOAT = 5123, 5125, 5126
LINEAR, LINEAR_MIPMAP_LINEAR, CLAMP_TO_EDGE = 9729, 9987, 33071
ROUGHNESS = 0.9
PLAIN_COLOUR = [0.6, 0.6, 0.6, 1.0]  # linear: a light clay


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What the file holds: metres, y up."""

    vertices: Points
    faces: Indices
    normals: Points
    texture: bytes | None = None  # JPEG
    texture_coordinates: Numbers | None = None


@dataclass
class Buffer:
    """The binary half of the file, and its table of contents."""

    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)

    def add_view(self, content: bytes, **more: int) -> int:
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(content), **more})
        self.data += content + bytes(-len(content) % 4)
        return len(self.views) - 1

    def add_faces(self, faces: Indices, *, vertices: int) -> int:
        kind, code = ("<u2", UNSIGNED_SHORT) if vertices <= 65535 else ("<u4", UNSIGNED_INT)
        view = self.add_view(faces.astype(kind).tobytes(), target=ELEMENT_ARRAY_BUFFER)
        return self._add_accessor(view, code, count=faces.size, kind="SCALAR")

    def add_vectors(self, vectors: Numbers, *, has_bounds: bool = False) -> int:
        values = np.ascontiguousarray(vectors, "<f4")
        view = self.add_view(values.tobytes(), target=ARRAY_BUFFER)
        bounds = {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()} if has_bounds else {}
        return self._add_accessor(view, FLOAT, count=len(values), kind=f"VEC{values.shape[1]}", **bounds)

    def _add_accessor(self, view: int, code: int, *, count: int, kind: str, **more: Any) -> int:
        self.accessors.append({"bufferView": view, "componentType": code, "count": count, "type": kind, **more})
        return len(self.accessors) - 1


def write_glb(surface: Surface, *, extras: dict[str, str]) -> bytes:
    """``extras`` goes into the file's asset: how the model was made."""
    buffer = Buffer()
    indices = buffer.add_faces(surface.faces, vertices=len(surface.vertices))
    attributes = {"POSITION": buffer.add_vectors(surface.vertices, has_bounds=True)}
    attributes["NORMAL"] = buffer.add_vectors(surface.normals)
    look = _describe_plain_look()
    if surface.texture is not None and surface.texture_coordinates is not None:
        attributes["TEXCOORD_0"] = buffer.add_vectors(surface.texture_coordinates)
        look = _describe_textured_look(buffer.add_view(surface.texture))
    primitive = {"attributes": attributes, "indices": indices, "material": 0}
    return _pack(
        {
            "asset": {"version": "2.0", "generator": GENERATOR, "extras": extras},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0, "name": "object"}],
            "meshes": [{"name": "object", "primitives": [primitive]}],
            **look,
            "accessors": buffer.accessors,
            "bufferViews": buffer.views,
            "buffers": [{"byteLength": len(buffer.data)}],
        },
        bytes(buffer.data),
    )


def _describe_textured_look(view: int) -> dict[str, Any]:
    edge = {"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP_LINEAR, "wrapS": CLAMP_TO_EDGE, "wrapT": CLAMP_TO_EDGE}
    return {
        "materials": [_describe_material("picture", baseColorTexture={"index": 0})],
        "textures": [{"source": 0, "sampler": 0}],
        "samplers": [edge],
        "images": [{"bufferView": view, "mimeType": "image/jpeg", "name": "picture"}],
    }


def _describe_plain_look() -> dict[str, Any]:
    return {"materials": [_describe_material("plain", baseColorFactor=PLAIN_COLOUR)]}


def _describe_material(name: str, **colour: Any) -> dict[str, Any]:
    return {"name": name, "pbrMetallicRoughness": {**colour, "metallicFactor": 0.0, "roughnessFactor": ROUGHNESS}}


def _pack(description: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(description, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    header = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(data))
    return header + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(data), b"BIN\0") + data
