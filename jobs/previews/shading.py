"""What colour does each seen point of a surface have?"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ..meshes import MeshError, Part
from ..meshes.textures import decode_texture, sample_texture, to_linear
from .camera import Camera

Floats = npt.NDArray[np.float32]
Corners = npt.NDArray[np.int32]  # three rows: the vertices of the triangle around each point
Pixels = npt.NDArray[np.uint8]

# Lights stand around the camera, so that a model looks alike from every side: (right, up, towards the eye), strength.
LIGHTS: Final = (((-0.55, 0.75, 0.65), 0.74), ((0.85, 0.15, 0.55), 0.26), ((0.35, 0.55, -0.85), 0.30))
SKY: Final = 0.46
GROUND: Final = 0.26
WRAP: Final = 0.25  # how far light reaches around a surface: soft, like a cloudy day
EDGE: Final = 0.65  # how much of its own tone an outline gives up, so that neither a light nor a dark page swallows it
EDGE_TONE: Final = 0.30
SHINE: Final = 0.22
SHINE_POWER: Final = 28
LONGEST_TEXTURE: Final = 2048  # pixels; more cannot be seen on a preview
KNEE: Final = 0.75  # brighter light is compressed instead of clipped
BRIGHTEST: Final = 0.95  # white things stay visible on a white page


def load_texture(part: Part) -> Pixels | None:
    """A picture that cannot be read leaves the surface plain: a preview need not fail for it."""
    if part.uvs is None or part.material.texture is None:
        return None
    try:
        pixels = decode_texture(part.material.texture, longest=LONGEST_TEXTURE)
    except MeshError:
        return None
    return pixels if part.material.alpha_mode != "OPAQUE" else np.ascontiguousarray(pixels[..., :3])


def shade_points(
    part: Part,
    *,
    texture: Pixels | None,
    corners: Corners,
    weights: Floats,
    flat_normals: Floats | None,
    camera: Camera,
) -> Floats:
    """Linear colours and opacities of points inside triangles, given by their corners and weights."""
    surface = _find_surface(part, texture=texture, corners=corners, weights=weights)
    if part.material.unlit:
        return surface
    normals = flat_normals if part.normals is None else blend(part.normals, corners=corners, weights=weights)
    assert normals is not None, "a part without normals comes with those of its faces"
    seen = _turn_to_eye(normals @ camera.axes.T.astype(np.float32))
    surface[:, :3] = _light(surface[:, :3], normals=seen, roughness=part.material.roughness)
    return surface


def blend(values: Floats, *, corners: Corners, weights: Floats) -> Floats:
    """Values of corners, mixed."""
    mixed: Floats = np.take(values, corners[0], axis=0) * weights[0, :, None]
    mixed += np.take(values, corners[1], axis=0) * weights[1, :, None]
    mixed += np.take(values, corners[2], axis=0) * weights[2, :, None]
    return mixed


def _find_surface(part: Part, *, texture: Pixels | None, corners: Corners, weights: Floats) -> Floats:
    surface = np.empty((corners.shape[1], 4), np.float32)
    surface[:] = part.material.colour
    if part.colours is not None:
        surface *= blend(part.colours, corners=corners, weights=weights)
    if texture is not None and part.uvs is not None and part.material.texture is not None:
        places = blend(part.uvs, corners=corners, weights=weights)
        texels = sample_texture(texture, places, wrap=part.material.texture.wrap)
        surface[:, :3] *= to_linear(texels[:, :3])
        if texels.shape[1] == 4:
            surface[:, 3] *= texels[:, 3] * np.float32(1 / 255)
    if part.material.alpha_mode == "OPAQUE":
        surface[:, 3] = 1
    elif part.material.alpha_mode == "MASK":
        surface[:, 3] = surface[:, 3] >= part.material.alpha_cutoff
    return surface


def _turn_to_eye(normals: Floats) -> Floats:
    """Unit normals in the camera's axes; a surface seen from behind shows its other side."""
    normals = normals / np.maximum(np.sqrt(np.einsum("ij,ij->i", normals, normals)), np.float32(1e-12))[:, None]
    normals[normals[:, 2] < -0.2] *= -1
    return normals


def _light(colour: Floats, *, normals: Floats, roughness: float) -> Floats:
    up = normals[:, 1] * np.float32(0.5) + np.float32(0.5)
    light = np.float32(GROUND) + np.float32(SKY - GROUND) * up
    for direction, strength in LIGHTS:
        toward = np.array(direction, np.float32) / np.float32(np.linalg.norm(direction))
        facing = (normals @ toward + np.float32(WRAP)) / np.float32(1 + WRAP)
        light += np.float32(strength) * np.maximum(facing, 0)
    lit = _compress(colour * light[:, None] + _shine(normals, roughness=roughness)[:, None])
    edge = np.float32(EDGE) * np.clip(1 - normals[:, 2:], 0, 1) ** 3
    lit += (np.float32(EDGE_TONE) - lit) * edge
    return lit


def _shine(normals: Floats, *, roughness: float) -> Floats:
    """A soft highlight of the main light."""
    main = np.array(LIGHTS[0][0], np.float32) / np.float32(np.linalg.norm(LIGHTS[0][0]))
    half = main + np.array([0, 0, 1], np.float32)
    highlight = np.maximum(normals @ (half / np.linalg.norm(half)), 0) ** SHINE_POWER
    return highlight * np.float32(SHINE * (1.05 - roughness))


def _compress(light: Floats) -> Floats:
    room = np.float32(BRIGHTEST - KNEE)
    over = np.maximum(light - np.float32(KNEE), 0)
    squeezed: Floats = np.minimum(light, np.float32(KNEE)) + room * (1 - np.exp(-over / room))
    return squeezed
