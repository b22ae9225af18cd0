"""How does the local engine make a model of a picture? Mask, body, texture, file, in this order."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from ..base import EngineRequest, EngineResult, Report
from .arrays import Field, Points
from .body import Body, build_body
from .glb import Surface, write_glb
from .mask import Mask, find_mask, is_doubtful
from .options import Options, read_options
from .picture import Picture, load_picture
from .progress import Progress
from .texture import crop_around, paint_texture, place_on_texture

FRONT = "front"
MASK_SIDE = 1024
TOUCH_MOST = 0.03  # of the picture's frame
NOTE = (
    "A geometric relief from one picture: the front is inflated from the outline, the back is a mirrored guess. "
    "The real size is unknown; the longest edge is set to 1 m."
)
METHODS = {
    "alpha": "silhouette inflation, outline from the picture's transparency",
    "border_colour": "silhouette inflation, outline from the colours along the picture's frame",
    "whole_picture": "relief of the whole picture from its light and dark",
}


class LocalEngine:
    """Makes a relief model of one picture, without key, network or GPU. The same request gives the same bytes."""

    def generate(self, request: EngineRequest, report: Report) -> EngineResult:
        options, progress = read_options(request.options), Progress(report)
        progress.prepare(0)
        picture = load_picture(request.pictures[FRONT], side=options.side)
        progress.prepare(10)
        mask = find_mask(picture, mode=options.mode, progress=progress)
        progress.prepare(65)
        body = build_body(mask, picture.rgb, face_limit=options.face_limit, progress=progress)
        progress.generate(85)
        model = write_model(body, mask, picture, options=options, progress=progress)
        return EngineResult(
            model=model,
            mask=encode_mask(mask.soft),
            warnings=find_warnings(mask, views=len(request.pictures)),
            facts=list_facts(mask, body, picture),
        )


def write_model(body: Body, mask: Mask, picture: Picture, *, options: Options, progress: Progress) -> bytes:
    vertices = to_metres(body.solid.vertices)
    surface = Surface(vertices=vertices, faces=body.solid.faces, normals=body.solid.normals)
    if options.texture != "none":
        surface = _dress(surface, body, mask, picture)
    progress.generate(95)
    return write_glb(surface, extras={"method": METHODS[mask.method], "note": NOTE})


def _dress(surface: Surface, body: Body, mask: Mask, picture: Picture) -> Surface:
    points = body.points_in_picture(width=picture.width, height=picture.height)
    box = crop_around(points, width=picture.width, height=picture.height)
    return Surface(
        vertices=surface.vertices,
        faces=surface.faces,
        normals=surface.normals,
        texture=paint_texture(picture.rgb, mask.soft, box),
        texture_coordinates=place_on_texture(points, box),
    )


def to_metres(vertices: Points) -> Points:
    """Centred, with the longest edge of the bounding box 1 m."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    metres: Points = (vertices - (low + high) / 2) / float((high - low).max())
    return metres


def encode_mask(soft: Field) -> bytes:
    """A grey PNG: white is the object."""
    height, width = soft.shape
    scale = min(1.0, MASK_SIDE / max(height, width))
    grey = (np.clip(soft, 0, 1) * 255 + 0.5).astype(np.uint8)
    if scale < 1:
        grey = cv2.resize(grey, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    encoded = io.BytesIO()
    Image.fromarray(grey).save(encoded, "PNG", compress_level=3)
    return encoded.getvalue()


def find_warnings(mask: Mask, *, views: int) -> tuple[str, ...]:
    found = {
        "no_clear_object_relief_made": mask.method == "whole_picture",
        "low_confidence": is_doubtful(mask),
        "touches_border": mask.border_touch > TOUCH_MOST,
        "other_objects_ignored": mask.components.ignored > 0,
        "other_views_ignored": views > 1,
    }
    return tuple(code for code, is_found in found.items() if is_found)


def list_facts(mask: Mask, body: Body, picture: Picture) -> dict[str, object]:
    return {
        "method": mask.method,
        "confidence": mask.confidence,
        "plain_background": mask.plain_background,
        "coverage": round(mask.coverage, 4),
        "border_touch": mask.border_touch,
        "components": mask.components.kept,
        "components_ignored": mask.components.ignored,
        "holes": mask.components.holes,
        "faces": len(body.solid.faces),
        "vertices": len(body.solid.vertices),
        "source_size": list(picture.source_size),
    }
