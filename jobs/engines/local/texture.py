"""Which colours does the model wear? The picture cropped to the object, with the background's colours replaced."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from .arrays import Field, Flags, Numbers, Pixels, Points

MARGIN = 4  # pixels around the object
EDGE_LEAST = 1.5  # pixels along the outline in which object and background are mixed
EDGE_SHARE = 0.0025  # of the picture's longer side
CALM_WIDTH = 4.0  # pixels: where the surface turns away, single pixels would become streaks
CALM_SIGMA = 2.5
QUALITY = 88

Box = tuple[int, int, int, int]  # left, top, right, bottom


def crop_around(points: Points, *, width: int, height: int) -> Box:
    """The box around these points (pixels, y down) with a margin."""
    left, top = np.floor(points.min(axis=0)).astype(int) - MARGIN
    right, bottom = np.ceil(points.max(axis=0)).astype(int) + MARGIN
    return max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom))


def place_on_texture(points: Points, box: Box) -> Numbers:
    """Texture coordinates of points (pixels, y down): where they lie in the box, for front and back alike."""
    left, top, right, bottom = box
    return np.clip((points - (left, top)) / (right - left, bottom - top), 0, 1)


def paint_texture(rgb: Pixels, soft: Field, box: Box) -> bytes:
    """The cropped picture as JPEG; outside the outline it goes on in the colours just inside."""
    left, top, right, bottom = box
    crop, inside = rgb[top:bottom, left:right], soft[top:bottom, left:right] > 0.5
    depth = cv2.distanceTransform(np.pad(inside.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    edge = min(max(EDGE_LEAST, EDGE_SHARE * max(rgb.shape)), 0.5 * float(depth.max()))
    spread = _spread_colours(crop, depth > edge if (depth > edge).sum() >= 10 else inside)
    calm = np.clip(1 - (depth - edge) / CALM_WIDTH, 0, 1)[..., None]
    blurred = cv2.GaussianBlur(spread, (0, 0), CALM_SIGMA)
    return _encode((spread * (1 - calm) + blurred * calm + 0.5).astype(np.uint8))


def _spread_colours(rgb: Pixels, certain: Flags) -> Pixels:
    """Each pixel that is not certain takes the colour of the nearest one that is."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~certain).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colours[nearest[certain]] = rgb[certain]
    spread: Pixels = colours[nearest]
    return spread


def _encode(rgb: Pixels) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(rgb).save(encoded, "JPEG", quality=QUALITY, subsampling=1, optimize=True)
    return encoded.getvalue()
