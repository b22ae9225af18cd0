"""What does a model look like from a given side?"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..meshes import Mesh, MeshError, read_mesh
from ..meshes.textures import to_linear, to_srgb
from .camera import Camera, place_camera
from .raster import Keys, Projection, Seen, find_seen_faces, measure_coverage
from .shading import load_texture, shade_points

AZIMUTH: Final = 28.0
ELEVATION: Final = 14.0
QUALITY: Final = 85
SAMPLES: Final = 2  # in each direction of a pixel; averaging counts on two
MAX_PEELS: Final = 6  # surfaces behind each other that one can look through
OPAQUE: Final = 0.99
MAX_LAYERS: Final = 500  # how often triangles may cover the whole picture before we refuse to draw them
BATCH_POINTS: Final = 32_768  # what fits the processor's cache is drawn twice as fast

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def render_preview(glb: bytes, *, size: int = 512) -> bytes:
    """A WebP picture of the model on a transparent ground, seen from the front and a little from the right."""
    picture = Image.fromarray(render_view(glb, size=size, azimuth=AZIMUTH, elevation=ELEVATION))
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=QUALITY, method=2)
    return out.getvalue()


def render_view(
    glb: bytes, *, size: int, azimuth: float, elevation: float, background: tuple[int, int, int] | None = None
) -> Pixels:
    """RGBA pixels of the model, as large as the frame allows. Azimuth 0 looks at its front, 90 at its left side.

    ``background`` is an sRGB colour; without it the ground is transparent.
    """
    mesh = _normalise(read_mesh(glb))
    camera = place_camera(mesh.positions, azimuth=azimuth, elevation=elevation)
    light = _draw(mesh, camera=camera, size=size * SAMPLES)
    return _develop(_average(light.reshape(size * SAMPLES, size * SAMPLES, 4)), background=background)


def _normalise(mesh: Mesh) -> Mesh:
    """The same model around the origin with a longest edge of 1: single precision serves any scale then."""
    low, high = mesh.positions.min(axis=0).astype(np.float64), mesh.positions.max(axis=0).astype(np.float64)
    centre, edge = (low + high) / 2, float((high - low).max()) or 1.0
    moved = (((part.positions - centre) / edge).astype(np.float32) for part in mesh.parts)
    return Mesh(parts=tuple(replace(part, positions=at) for part, at in zip(mesh.parts, moved, strict=True)))


@dataclass(frozen=True, kw_only=True)
class _View:
    """A mesh as a camera sees it."""

    mesh: Mesh
    camera: Camera
    across: Floats  # each vertex's place on the picture, in pixels
    down: Floats
    inverse: Floats  # of each vertex's distance along the view
    size: int


def _look(mesh: Mesh, *, camera: Camera, size: int) -> tuple[_View, Projection]:
    places, inverse = camera.project(mesh.positions, size=size)
    far, near = 1 / camera.far, 1 / camera.near
    sides = [np.full(len(part.faces), part.material.double_sided) for part in mesh.parts]
    projection = Projection(
        places=places,
        nearness=(inverse - np.float32(far)) * np.float32(1 / max(near - far, 1e-9)),
        faces=mesh.faces,
        both_sides=np.concatenate(sides),
        size=size,
    )
    if measure_coverage(projection) > MAX_LAYERS:
        raise MeshError("result_too_complex", "The model has too many large overlapping triangles to be drawn.")
    across, down = (np.ascontiguousarray(places[:, axis]) for axis in range(2))
    return _View(mesh=mesh, camera=camera, across=across, down=down, inverse=inverse, size=size), projection


def _draw(mesh: Mesh, *, camera: Camera, size: int) -> Floats:
    """Premultiplied light and coverage of each sample, row by row, gathered from the nearest surface inwards."""
    view, projection = _look(mesh, camera=camera, size=size)
    picture = np.zeros((size * size, 4), np.float32)
    behind: Keys | None = None
    for _ in range(MAX_PEELS):
        seen = find_seen_faces(projection, behind=behind)
        surface = _shade(view, seen=seen)
        if all(part.material.alpha_mode == "OPAQUE" for part in mesh.parts):
            picture[seen.pixels] = surface
            break
        share = surface[:, 3:] * (1 - picture[seen.pixels, 3:])
        surface[:, 3] = 1
        picture[seen.pixels] += surface * share
        clear = picture[seen.pixels, 3] < OPAQUE
        if not clear.any():
            break
        behind = np.zeros(size * size, np.uint64)
        behind[seen.pixels[clear]] = seen.keys[clear]
    return picture


def _shade(view: _View, *, seen: Seen) -> Floats:
    """Colour and opacity of everything seen, part by part."""
    surface = np.zeros((len(seen.pixels), 4), np.float32)
    faces, points = 0, 0
    for part in view.mesh.parts:
        mine = np.flatnonzero((seen.faces >= faces) & (seen.faces < faces + len(part.faces)))
        texture = load_texture(part) if len(mine) else None
        for start in range(0, len(mine), BATCH_POINTS):
            some = mine[start : start + BATCH_POINTS]
            corners = np.ascontiguousarray(part.faces[seen.faces[some] - faces].T)
            weights = _weigh_corners(seen.pixels[some], view=view, corners=corners + points)
            flat = _find_face_normals(*part.positions[corners]) if part.normals is None else None
            surface[some] = shade_points(
                part, texture=texture, corners=corners, weights=weights, flat_normals=flat, camera=view.camera
            )
        faces, points = faces + len(part.faces), points + len(part.positions)
    return surface


def _weigh_corners(pixels: npt.NDArray[np.int64], *, view: _View, corners: npt.NDArray[np.int32]) -> Floats:
    """How much each of a triangle's three corners (rows) counts at each pixel, in perspective."""
    row, column = np.divmod(pixels.astype(np.int32), np.int32(view.size))
    x = view.across[corners] - (column.astype(np.float32) + np.float32(0.5))
    y = view.down[corners] - (row.astype(np.float32) + np.float32(0.5))
    weights = np.stack([x[1] * y[2] - y[1] * x[2], x[2] * y[0] - y[2] * x[0], x[0] * y[1] - y[0] * x[1]])
    total = weights[0] + weights[1] + weights[2]
    np.divide(weights, total, out=weights, where=np.abs(total) > 1e-9)
    np.clip(weights, 0, 1, out=weights)
    weights *= view.inverse[corners]
    weights /= np.maximum(weights[0] + weights[1] + weights[2], np.float32(1e-12))
    return weights


def _find_face_normals(a: Floats, b: Floats, c: Floats) -> Floats:
    return np.cross(b - a, c - a)


def _average(samples: Floats) -> Floats:
    """Each pixel is the mean of its four samples."""
    rows = samples[0::SAMPLES] + samples[1::SAMPLES]
    return (rows[:, 0::SAMPLES] + rows[:, 1::SAMPLES]) * np.float32(1 / SAMPLES**2)


def _develop(light: Floats, *, background: tuple[int, int, int] | None) -> Pixels:
    """sRGB bytes from premultiplied light."""
    pixels = np.zeros((*light.shape[:2], 4), np.uint8)
    if background is not None:
        behind = to_linear(np.array(background, np.uint8))
        pixels[..., :3] = to_srgb(light[..., :3] + (1 - light[..., 3:]) * behind)
        pixels[..., 3] = 255
        return pixels
    covered = light[..., 3] > 0
    pixels[covered, :3] = to_srgb(light[covered, :3] / light[covered, 3:])
    pixels[..., 3] = (light[..., 3] * 255 + 0.5).astype(np.uint8)
    return pixels
