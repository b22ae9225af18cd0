"""How deep is the model at each point, and where does it face? Inflation, and fine relief from light and dark."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from .arrays import Field, Numbers, Pixels, Points
from .frame import blur, resize
from .inflate import find_slopes, inflate
from .outline import measure_size
from .solid import Side, lift_off
from .triangulate import Net

FINE_SHARE = 0.004  # of the object's size: smaller marks are noise
COARSE_SHARE = 0.03  # larger ones are the object's own colours
COARSE_STEP = 4  # the coarse blur is computed on a picture smaller by this factor
CONTRAST = 0.15
FADE_SHARE = 0.12  # of the greatest height: no relief near the rim
CUT_STIFFNESS = 12.0  # a side without rim does not hold the bulge down


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a mask is given depth."""

    depth: float  # 1.0 makes a disc a hemisphere
    back: float  # the back's depth in units of the front's
    relief: float  # height of the fine relief, in units of the object's size
    stiffness: float  # see inflate; in units of the object's size
    has_flat_cuts: bool  # whether the frame may cut the model flat


OBJECT = Shape(depth=0.9, back=1.0, relief=0.006, stiffness=0.0, has_flat_cuts=True)
PANEL = Shape(depth=1.0, back=0.35, relief=0.03, stiffness=1600.0, has_flat_cuts=False)


def raise_net(net: Net, shape: Shape, *, relief: Field, size: float) -> tuple[Side, Side]:
    """The front, and the back before it is mirrored."""
    stiffness = max(shape.stiffness, CUT_STIFFNESS) if net.is_cut else shape.stiffness
    membrane = shape.depth**2 * inflate(net, stiffness=stiffness / size**2)
    heights = np.sqrt(membrane)
    fade = np.clip(heights / max(FADE_SHARE * float(heights.max()), 1e-6), 0, 1) ** 2
    marks = shape.relief * size * fade * look_up(relief, net.points)
    slope = find_slopes(net, membrane)
    front = Side(
        heights=lift_off(heights + marks, rim=net.rim, size=size),
        normals=_face(slope + 2 * heights[:, None] * find_slopes(net, marks), 2 * heights),
    )
    back = Side(
        heights=lift_off(shape.back * heights, rim=net.rim, size=size),
        normals=_face(shape.back * slope, 2 * heights),
    )
    return front, back


def _face(slope: Points, rise: Numbers) -> Points:
    """Normals from the membrane's slope instead of from the faces.

    The square root is vertical at the rim, where the normals of flat faces would show as ribs; the membrane is smooth.
    """
    return np.column_stack([-slope, rise])


def look_up(field: Field, points: Points) -> Numbers:
    """The field's values at points in pixels with y up."""
    rows, columns = field.shape[0] - points[:, 1] - 0.5, points[:, 0] - 0.5
    values: Numbers = ndimage.map_coordinates(field, [rows, columns], order=1, mode="nearest")
    return values


def measure_depth(soft: Field) -> Field:
    """How far inside the mask each pixel is, negative outside; padded by two pixels, the frame counts as outside."""
    inside = np.pad((soft > 0.5).astype(np.uint8), 2)
    depth: Field = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    depth -= cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return depth


def read_relief(rgb: Pixels, soft: Field) -> Field:
    """Light and dark marks from -1 to 1, without what is smaller or larger than a surface's texture."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255)
    inside = (soft > 0.5).astype(np.float32)
    size = measure_size(soft)
    fine = _blur_inside(grey, inside, sigma=max(0.8, FINE_SHARE * size))
    small = (max(1, grey.shape[1] // COARSE_STEP), max(1, grey.shape[0] // COARSE_STEP))
    marks = fine - _blur_coarsely(grey, inside, small, sigma=COARSE_SHARE * size / COARSE_STEP)
    relief: Field = np.tanh(marks / CONTRAST) * inside
    return relief


def _blur_inside(grey: Field, inside: Field, *, sigma: float) -> Field:
    mean: Field = (blur(grey * inside, sigma=sigma) / np.maximum(blur(inside, sigma=sigma), 1e-3)).astype(np.float32)
    return mean


def _blur_coarsely(grey: Field, inside: Field, size: tuple[int, int], *, sigma: float) -> Field:
    colour, weight = (blur(resize(each, size=size), sigma=sigma) for each in (grey * inside, inside))
    mean: Field = (colour / np.maximum(weight, 1e-3)).astype(np.float32)
    return resize(mean, size=(grey.shape[1], grey.shape[0]))
