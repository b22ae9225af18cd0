"""How does a mask become a closed body? Outline, net, heights, and a smoother outline where the first did not do."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..base import EngineError
from . import refusals
from .arrays import Field, Flags, Indices, Numbers, Pixels, Points
from .budget import build_net
from .flat_cuts import find_flat_cuts
from .heights import OBJECT, PANEL, Shape, look_up, measure_depth, raise_net, read_relief
from .mask import Mask
from .outline import Outline, trace_outline
from .progress import Progress
from .solid import Solid, close_solid, is_closed

GRID_SIDE = 640  # pixels on the longer side: finer outlines cost faces and show nothing
SMOOTHER = (1.0, 2.0, 4.0, 8.0)  # tried in turn when the outline alone would use up the face limit


@dataclass(frozen=True, kw_only=True)
class Body:
    """A solid, and the scale between its pixels and the picture's."""

    solid: Solid
    grid: tuple[int, int]  # height and width of the grid that the solid's pixels belong to

    def points_in_picture(self, *, width: int, height: int) -> Points:
        """The vertices without their depth, in the picture's pixels with y down."""
        rows, columns = self.grid
        x, y = self.solid.vertices[:, 0], rows - self.solid.vertices[:, 1]
        return np.stack([x * width / columns, y * height / rows], axis=1)


def build_body(mask: Mask, rgb: Pixels, *, face_limit: int, progress: Progress) -> Body:
    soft, small = _to_grid(mask.soft, rgb)
    shape = PANEL if mask.method == "whole_picture" else OBJECT
    progress.generate(66)
    relief = read_relief(small, soft)
    progress.generate(68)
    for smoother in SMOOTHER:
        try:
            solid = _build_solid(soft, shape, relief, smoother=smoother, face_limit=face_limit, progress=progress)
        except EngineError as error:
            if error.code != "face_limit":
                raise
            continue
        if is_closed(solid):
            return Body(solid=solid, grid=soft.shape)
    raise refusals.outline_too_detailed(face_limit)


def _to_grid(soft: Field, rgb: Pixels) -> tuple[Field, Pixels]:
    height, width = soft.shape
    scale = GRID_SIDE / max(height, width)
    if scale >= 1:
        return soft, rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(soft, size, interpolation=cv2.INTER_AREA), cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _build_solid(
    soft: Field, shape: Shape, relief: Field, *, smoother: float, face_limit: int, progress: Progress
) -> Solid:
    outline = trace_outline(soft, smoother=smoother)
    depth = measure_depth(soft)

    def depth_at(points: Points) -> Numbers:
        return look_up(depth, points + 2)  # the depth is padded by two pixels

    def cuts_at(rim: Points, owner: Indices) -> Flags:
        return _find_cuts(rim, owner, outline, shape=shape, grid=soft.shape)

    net = build_net(outline, depth_at, cuts_at, face_limit=face_limit, progress=progress)
    progress.generate(80)
    front, back = raise_net(net, shape, relief=relief, size=outline.size)
    progress.generate(84)
    return close_solid(net, front=front, back=back)


def _find_cuts(rim: Points, owner: Indices, outline: Outline, *, shape: Shape, grid: tuple[int, ...]) -> Flags:
    if not shape.has_flat_cuts:
        return np.zeros(len(rim), bool)
    return find_flat_cuts(rim, owner, outline, shape=grid)
