"""How is a mesh written as binary PLY, with the texture's colours at the vertices?"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .arrays import Floats
from .reader import Mesh, Part
from .textures import Pixels, decode_texture, sample_texture, to_linear, to_srgb

FACE: Final = np.dtype([("count", "u1"), ("corners", "<i4", 3)])


def write_ply(mesh: Mesh) -> bytes:
    """Positions in metres, normals if the model has them throughout, and sRGB colours with opacity."""
    vertices = _fill_vertices(mesh)
    faces = np.empty(len(mesh.faces), FACE)
    faces["count"], faces["corners"] = 3, mesh.faces
    head = ["ply", "format binary_little_endian 1.0", "comment Image2Model, metres, y up"]
    head.append(f"element vertex {len(vertices)}")
    assert vertices.dtype.names is not None
    head += [f"property {'uchar' if vertices.dtype[n] == 'u1' else 'float'} {n}" for n in vertices.dtype.names]
    head += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header", ""]
    return "\n".join(head).encode() + vertices.tobytes() + faces.tobytes()


def _fill_vertices(mesh: Mesh) -> npt.NDArray[Any]:
    with_normals = all(part.normals is not None for part in mesh.parts)
    names = ["x", "y", "z", *(["nx", "ny", "nz"] if with_normals else [])]
    colours = ["red", "green", "blue", "alpha"]
    vertices = np.empty(len(mesh.positions), [*((n, "<f4") for n in names), *((n, "u1") for n in colours)])
    start = 0
    for part in mesh.parts:
        rows = vertices[start : start + len(part.positions)]
        start += len(part.positions)
        tables = [part.positions, part.normals] if with_normals else [part.positions]
        for name, values in zip(names, np.concatenate([t for t in tables if t is not None], axis=1).T, strict=True):
            rows[name] = values
        for name, values in zip(colours, _find_colours(part).T, strict=True):
            rows[name] = values
    return vertices


def _find_colours(part: Part) -> Pixels:
    """RGBA of each vertex: the material's colour, times its own, times the texture's at its place."""
    light: Floats = np.tile(np.array(part.material.colour, np.float32), (len(part.positions), 1))
    if part.colours is not None:
        light *= part.colours
    if part.uvs is not None and part.material.texture is not None:
        found = sample_texture(decode_texture(part.material.texture), part.uvs, wrap=part.material.texture.wrap)
        light[:, :3] *= to_linear(found[:, :3])
        if found.shape[1] == 4:
            light[:, 3] *= found[:, 3] / np.float32(255)
    alpha = light[:, 3:] if part.material.alpha_mode != "OPAQUE" else np.ones((len(light), 1), np.float32)
    return np.concatenate([to_srgb(light[:, :3]), (np.clip(alpha, 0, 1) * 255 + 0.5).astype(np.uint8)], axis=1)
