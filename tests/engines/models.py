"""What does a model of the local engine look like? Loaded by trimesh, and its silhouette against the mask."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import cv2
import numpy as np
import trimesh
from PIL import Image

from jobs.engines.base import EngineRequest, EngineResult
from jobs.engines.local import LocalEngine

SUBPIXEL = 4  # bits
FINER = 4
PADDING = 4


def generate(data: bytes, **options: Any) -> EngineResult:
    return LocalEngine().generate(EngineRequest(pictures={"front": data}, options=options), lambda stage, percent: None)


def load(model: bytes) -> trimesh.Trimesh:
    """The one mesh of the file, as trimesh loads it."""
    scene = trimesh.load(io.BytesIO(model), file_type="glb")
    (mesh,) = scene.geometry.values()
    return mesh


def read_description(model: bytes) -> dict[str, Any]:
    length = struct.unpack("<I", model[12:16])[0]
    return json.loads(model[20 : 20 + length])


def assert_sound(model: bytes, *, face_limit: int) -> trimesh.Trimesh:
    """Closed, consistently wound, right side out, within the limit, centred, 1 m long."""
    mesh = load(model)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0
    assert len(mesh.faces) <= face_limit
    assert np.isclose(mesh.extents.max(), 1, atol=1e-5)
    assert np.allclose(mesh.bounds.sum(axis=0), 0, atol=1e-5)
    return mesh


def measure_silhouette(mesh: trimesh.Trimesh, mask: bytes) -> float:
    """Intersection over union of the textured mesh seen from the front and its mask."""
    inside = np.pad(np.asarray(Image.open(io.BytesIO(mask))) > 127, PADDING)
    drawn = _draw(_place_on_texture(mesh)[mesh.faces], shape=inside.shape)
    # The texture is the picture cropped at whole pixels: where it was cropped is found by trying.
    rows, columns = (
        np.flatnonzero(inside.any(axis=axis))[0] - np.flatnonzero(drawn.any(axis=axis))[0] for axis in (1, 0)
    )
    shifts = [(rows + down, columns + across) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    return max(_overlap(inside, np.roll(drawn, shift, axis=(0, 1))) for shift in shifts)


def _place_on_texture(mesh: trimesh.Trimesh) -> np.ndarray:
    """The vertices in the texture's pixels, y down; trimesh has turned the second coordinate upside down."""
    across, up = mesh.visual.uv.T
    return np.stack([across, 1 - up], axis=1) * mesh.visual.material.baseColorTexture.size


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def _draw(triangles: np.ndarray, *, shape: tuple[int, int]) -> np.ndarray:
    """Drawn finer and averaged, since the drawing function paints every pixel that it touches."""
    fine = np.zeros((shape[0] * FINER, shape[1] * FINER), np.uint8)
    for triangle in np.round((triangles * FINER - 0.5) * 2**SUBPIXEL).astype(np.int32):
        cv2.fillConvexPoly(fine, triangle, 255, shift=SUBPIXEL)
    return cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA) > 127
