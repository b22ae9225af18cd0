"""What does a model show, as plain arrays in world space?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from .arrays import Faces, Floats, read_array, read_floats
from .document import Document, open_document, require_readable
from .materials import Material
from .scene import FAN, STRIP, Draw, Transform

MAX_VALUE: Final = np.float32(1e6)  # of normals and texture coordinates; damage must not overflow what follows

# A part's key: what pieces must share to become one part.
_Key = tuple[int | None, bool, bool, bool]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Triangles of one material. Arrays have a row for each vertex, ``faces`` one for each triangle."""

    positions: Floats
    faces: Faces
    normals: Floats | None
    uvs: Floats | None  # origin at the top left of the texture, as in glTF
    colours: Floats | None  # linear RGBA
    material: Material


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """A whole model in metres, y up, in world space."""

    parts: tuple[Part, ...]

    @cached_property
    def positions(self) -> Floats:
        return self.parts[0].positions if len(self.parts) == 1 else np.concatenate([p.positions for p in self.parts])

    @cached_property
    def faces(self) -> Faces:
        return join_faces([(len(part.positions), part.faces) for part in self.parts])


def read_mesh(glb: bytes) -> Mesh:
    """Check a model and read it, with all nodes' transforms applied and pieces of one material joined."""
    document = open_document(glb)
    require_readable(document)
    groups: dict[_Key, list[Part]] = {}
    for draw in document.draws:
        part = _read_part(draw, document=document)
        key = (draw.primitive.material, part.normals is not None, part.uvs is not None, part.colours is not None)
        groups.setdefault(key, []).append(part)
    return Mesh(parts=tuple(_join_parts(parts) for parts in groups.values()))


def join_faces(pieces: Sequence[tuple[int, Faces]]) -> Faces:
    """Faces of several pieces, given with their numbers of vertices, as faces of one."""
    if len(pieces) == 1:
        return pieces[0][1]
    starts = np.cumsum([0, *(count for count, _ in pieces[:-1])])
    return np.concatenate([faces + np.int32(start) for start, (_, faces) in zip(starts, pieces, strict=True)])


def _read_part(draw: Draw, *, document: Document) -> Part:
    primitive, attributes = draw.primitive, draw.primitive.attributes
    material = Material() if primitive.material is None else document.materials[primitive.material]

    def read(name: str) -> Floats | None:
        if name not in attributes:
            return None
        values = read_floats(document.accessors[attributes[name]])
        return values if name == "POSITION" else np.clip(values, -MAX_VALUE, MAX_VALUE)

    positions, normals, uvs, colours = (
        read(name) for name in ("POSITION", "NORMAL", f"TEXCOORD_{material.coordinates}", "COLOR_0")
    )
    assert positions is not None, "only primitives with positions are drawn"
    faces = _read_faces(draw, document=document)
    flipped = bool(np.linalg.det(draw.transform[:3, :3]) < 0)
    part = Part(
        positions=_move(positions, transform=draw.transform),
        faces=np.ascontiguousarray(faces[:, ::-1]) if flipped else faces,
        normals=None if normals is None else _turn(normals, transform=draw.transform),
        uvs=None if uvs is None else _place(uvs, material=material),
        colours=None if colours is None else _complete_colours(colours),
        material=material,
    )
    return _drop_unused(part)


def _read_faces(draw: Draw, *, document: Document) -> Faces:
    primitive = draw.primitive
    if primitive.indices is None:
        corners = np.arange(primitive.vertices, dtype=np.int32)
    else:
        corners = read_array(document.accessors[primitive.indices])[:, 0].astype(np.int32)
    if primitive.mode == STRIP:
        faces = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
        faces[1::2] = faces[1::2, [1, 0, 2]]
        return faces
    if primitive.mode == FAN:
        return np.stack([np.full_like(corners[2:], corners[0]), corners[1:-1], corners[2:]], axis=1)
    return corners[: 3 * primitive.triangles].reshape(-1, 3)


def _move(points: Floats, *, transform: Transform) -> Floats:
    if np.array_equal(transform, np.eye(4)):
        return points
    return (points @ transform[:3, :3].T + transform[:3, 3]).astype(np.float32)


def _turn(normals: Floats, *, transform: Transform) -> Floats:
    """Normals follow the inverse transpose; cofactors give it for flattening transforms as well."""
    a, b, c = transform[:3, :3].T
    cofactors = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    sign = -1.0 if a @ cofactors[:, 0] < 0 else 1.0
    largest = np.abs(cofactors).max()
    turned = normals if np.array_equal(cofactors, np.eye(3)) else normals @ (cofactors * sign / (largest or 1.0)).T
    lengths = np.linalg.norm(turned, axis=1, keepdims=True)
    units: Floats = (turned / np.maximum(lengths, 1e-12)).astype(np.float32)
    return units


def _place(uvs: Floats, *, material: Material) -> Floats:
    if material.placement is None:
        return uvs
    matrix = np.clip(np.array(material.placement, np.float64), -1e9, 1e9).astype(np.float32)
    placed: Floats = np.clip(uvs @ matrix[:, :2].T + matrix[:, 2], -MAX_VALUE, MAX_VALUE)
    return placed


def _complete_colours(colours: Floats) -> Floats:
    full = np.ones((len(colours), 4), np.float32)
    full[:, : colours.shape[1]] = np.clip(colours, 0.0, 1.0)
    return full


def _drop_unused(part: Part) -> Part:
    """Exporters like to share one long list of vertices among many pieces."""
    used = np.zeros(len(part.positions), np.bool_)
    used[part.faces] = True
    if used.all():
        return part
    places = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return Part(
        positions=part.positions[used],
        faces=places[part.faces],
        normals=None if part.normals is None else part.normals[used],
        uvs=None if part.uvs is None else part.uvs[used],
        colours=None if part.colours is None else part.colours[used],
        material=part.material,
    )


def _join_parts(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]

    def join(arrays: Sequence[Floats | None]) -> Floats | None:
        present = [array for array in arrays if array is not None]
        return np.concatenate(present) if present else None

    return Part(
        positions=np.concatenate([part.positions for part in parts]),
        faces=join_faces([(len(part.positions), part.faces) for part in parts]),
        normals=join([part.normals for part in parts]),
        uvs=join([part.uvs for part in parts]),
        colours=join([part.colours for part in parts]),
        material=parts[0].material,
    )
