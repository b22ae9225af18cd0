"""What does a stand-in model look like? A sphere with hills, different for each picture, of any file size."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from .glb import Glb, build_glb

_GEOMETRY_SHARE = 0.55
_BYTES_PER_VERTEX = 56  # position, normal, texture coordinate, two triangles
_MOST_GEOMETRY = 20_000_000
_GRAIN, _TILE = 24, 512
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Mesh:
    positions: Floats
    normals: Floats
    coordinates: Floats
    triangles: NDArray[np.uint32]


def build_sphere(*, variant: int, size: int) -> Glb:
    """A GLB of ``size`` bytes (when packed), as near as the texture's compression allows from below."""
    rng = np.random.default_rng(variant)
    geometry = min(int(size * _GEOMETRY_SHARE), _MOST_GEOMETRY)
    mesh = shape_sphere(rng, rows=max(8, int((geometry / _BYTES_PER_VERTEX / 2) ** 0.5)))
    texture = paint_texture(rng, side=_choose_side(size - geometry))
    spare = size - len(_assemble(mesh, texture, spare=0).pack())
    return _assemble(mesh, texture, spare=max(0, spare - spare % 4))


def shape_sphere(rng: np.random.Generator, *, rows: int) -> Mesh:
    columns = rows * 2
    polar, turn = np.linspace(0, np.pi, rows + 1), np.linspace(0, 2 * np.pi, columns + 1)
    polar, turn = np.meshgrid(polar, turn, indexing="ij")
    radius = np.full(polar.shape, 0.4)
    for wave in range(1, 5):
        along, around, phase = rng.integers(1, 3 + wave), rng.integers(0, 3 + wave), rng.uniform(0, 6.28)
        radius += 0.08 / wave * np.sin(along * polar) ** 2 * np.sin(around * turn + phase)
    points = np.stack(
        [radius * np.sin(polar) * np.cos(turn), radius * np.cos(polar), radius * np.sin(polar) * np.sin(turn)], axis=-1
    )
    coordinates = np.stack([turn / (2 * np.pi), polar / np.pi], axis=-1)
    return Mesh(
        points.reshape(-1, 3).astype(np.float32),
        _find_normals(points).reshape(-1, 3).astype(np.float32),
        coordinates.reshape(-1, 2).astype(np.float32),
        _join_grid(rows, columns),
    )


def paint_texture(rng: np.random.Generator, *, side: int) -> bytes:
    """A JPEG of soft blotches in two colours with fine grain."""
    first, second = (tuple(colour) for colour in rng.integers(40, 220, size=(2, 3)).tolist())
    blotches = Image.fromarray(rng.integers(0, 255, size=(9, 9), dtype=np.uint8)).resize((side, side))
    mixed = Image.composite(Image.new("RGB", (side, side), first), Image.new("RGB", (side, side), second), blotches)
    tile = rng.integers(0, 2 * _GRAIN, size=(_TILE, _TILE), dtype=np.uint8)
    repeats = -(-side // _TILE)
    grain = Image.fromarray(np.tile(tile, (repeats, repeats))[:side, :side])
    file = io.BytesIO()
    ImageChops.add(mixed, Image.merge("RGB", (grain,) * 3), offset=-_GRAIN).save(file, "JPEG", quality=88)
    return file.getvalue()


def _find_normals(points: NDArray[np.float64]) -> NDArray[np.float64]:
    down, around = np.gradient(points, axis=0), np.gradient(points, axis=1)
    normals = np.cross(around, down)
    lengths = np.linalg.norm(normals, axis=-1, keepdims=True)
    outward = points / np.maximum(np.linalg.norm(points, axis=-1, keepdims=True), 1e-9)
    # At the poles the grid collapses and the cross product is no direction at all.
    chosen: NDArray[np.float64] = np.where(lengths > 1e-9, normals / np.maximum(lengths, 1e-9), outward)
    return chosen


def _join_grid(rows: int, columns: int) -> NDArray[np.uint32]:
    corner = np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)[None, :]
    below = corner + columns + 1
    upper = np.stack([corner, corner + 1, below], axis=-1)
    lower = np.stack([corner + 1, below + 1, below], axis=-1)
    # The triangles that touch a pole with two corners have no area.
    return np.concatenate([upper[1:].reshape(-1, 3), lower[:-1].reshape(-1, 3)]).astype(np.uint32)


def _choose_side(budget: int) -> int:
    """The largest power of two whose JPEG fits the budget at about 0.75 bytes a pixel."""
    side = 128
    while side < 4096 and (side * 2) ** 2 * 0.75 <= budget:
        side *= 2
    return side


def _assemble(mesh: Mesh, texture: bytes, *, spare: int) -> Glb:
    small = len(mesh.positions) < 65_536
    indices = mesh.triangles.astype(np.uint16 if small else np.uint32)
    bounds = mesh.positions.min(axis=0).tolist(), mesh.positions.max(axis=0).tolist()
    return build_glb(
        positions=mesh.positions.tobytes(),
        normals=mesh.normals.tobytes(),
        coordinates=mesh.coordinates.tobytes(),
        indices=indices.tobytes(),
        texture=texture,
        vertices=len(mesh.positions),
        triangles=len(mesh.triangles),
        bounds=bounds,
        spare=spare,
    )
