"""Where does one stand to see all of a model, and where on the picture does each vertex fall?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FIELD_OF_VIEW: Final = 26.0  # degrees; longer lenses flatten, shorter ones distort small objects
MARGIN: Final = 0.04  # of the picture's side, free on each side of the object
NEAREST: Final = 0.35  # of the object's longest edge, between the eye and its nearest point

Points = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """An eye and its axes; the rows of ``axes`` point right, up and towards the eye."""

    axes: npt.NDArray[np.float64]
    eye: npt.NDArray[np.float64]
    near: float
    far: float

    def project(self, points: Points, *, size: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Places on a picture of ``size`` pixels, and the inverse of the distance along the view."""
        seen = (points - self.eye) @ self.axes.T
        inverse = -1.0 / seen[:, 2]
        scale = size / 2 / math.tan(math.radians(FIELD_OF_VIEW) / 2)
        places = np.empty((len(points), 2), np.float32)
        places[:, 0] = size / 2 + scale * seen[:, 0] * inverse
        places[:, 1] = size / 2 - scale * seen[:, 1] * inverse
        return places, inverse.astype(np.float32)


def place_camera(points: Points, *, azimuth: float, elevation: float) -> Camera:
    """A camera in a given direction, so near that the object just fits into the frame.

    Each side of the frame is a plane through the eye; the vertex furthest out decides where that plane
    must lie, and the four planes decide where the eye must be.
    """
    axes = _turn_axes(azimuth=azimuth, elevation=elevation)
    x, y, z = (points @ axes.T).T
    slope = math.tan(math.radians(FIELD_OF_VIEW) / 2) * (1 - 2 * MARGIN)
    right, left = float((x + slope * z).max()), float((slope * z - x).max())
    top, bottom = float((y + slope * z).max()), float((slope * z - y).max())
    longest = float(np.ptp(points, axis=0).max())
    distance = max((right + left) / (2 * slope), (top + bottom) / (2 * slope), float(z.max()) + NEAREST * longest)
    seen_from = np.array([(right - left) / 2, (top - bottom) / 2, distance])
    return Camera(axes=axes, eye=seen_from @ axes, near=distance - float(z.max()), far=distance - float(z.min()))


def _turn_axes(*, azimuth: float, elevation: float) -> npt.NDArray[np.float64]:
    """Azimuth 0 looks at the front, which is +z; it grows to the right. Elevation grows upwards."""
    turn, lift = math.radians(azimuth), math.radians(elevation)
    back = (math.sin(turn) * math.cos(lift), math.sin(lift), math.cos(turn) * math.cos(lift))
    right = (math.cos(turn), 0.0, -math.sin(turn))
    return np.array([right, np.cross(back, right), back])
