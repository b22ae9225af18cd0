"""Where does one stand to see all of a model, and where on the picture does each vertex fall?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FIELD_OF_VIEW: Final = 26.0  # degrees; longer lenses flatten, shorter ones distort small objects
MARGIN: Final = 0.04  # of the picture's side, free on each side of the object
NEAREST: Final = 0.35  # of the object's longest edge, between the eye and its nearest point: no nose like a potato

Points = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """An eye and its axes; the rows of ``axes`` point right, up and towards the eye."""

    axes: npt.NDArray[np.float64]
    eye: npt.NDArray[np.float64]
    slope: float  # of the frame's sides: half its width at a distance of 1
    near: float
    far: float

    def project(self, points: Points, *, size: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Places on a picture of ``size`` pixels, and the inverse of the distance along the view."""
        seen = (points - self.eye) @ self.axes.T
        inverse = -1.0 / seen[:, 2]
        scale = size / 2 / self.slope
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
    nearest = float(z.max()) + NEAREST * float(np.ptp(points, axis=0).max())
    away = max((right + left) / (2 * slope), (top + bottom) / (2 * slope), nearest)
    across, up = (right - left) / 2, (top - bottom) / 2
    return Camera(
        axes=axes,
        eye=np.array([across, up, away]) @ axes,
        slope=_find_slope((x - across) / (away - z), (y - up) / (away - z)) / (1 - 2 * MARGIN),
        near=away - float(z.max()),
        far=away - float(z.min()),
    )


def _find_slope(across: Points, up: Points) -> float:
    """How far out anything is seen. A pole seen from its end is looked at through a longer lens, not from nearer."""
    return max(float(np.abs(across).max()), float(np.abs(up).max()), 1e-6)


def _turn_axes(*, azimuth: float, elevation: float) -> npt.NDArray[np.float64]:
    """Azimuth 0 looks at the front, which is +z; it grows to the right. Elevation grows upwards."""
    turn, lift = math.radians(azimuth), math.radians(elevation)
    back = (math.sin(turn) * math.cos(lift), math.sin(lift), math.cos(turn) * math.cos(lift))
    right = (math.cos(turn), 0.0, -math.sin(turn))
    return np.array([right, np.cross(back, right), back])
