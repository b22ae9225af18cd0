"""Where should the model end in a flat face? Where the frame cuts the object, and where it stands on a flat base."""

from __future__ import annotations

import numpy as np

from .arrays import Flags, Indices, Points
from .outline import Outline

BASE_SHARE = 0.4  # of the object's width: a shorter level piece is a foot, not a base
BASE_OVERHANG = 0.85  # of the width just above it: what narrows downwards only looks level
ABOVE_BASE = 0.05  # of the object's size
BASE_GAP = 0.12  # of the object's width: several feet are not one base
LOSS_MOST = 0.6  # of a curve: a body needs some rim that holds it


def find_flat_cuts(rim: Points, owner: Indices, outline: Outline, *, shape: tuple[int, ...]) -> Flags:
    """Which points of the rim to leave free: there the model ends in a flat face instead of closing to an edge."""
    tolerance = max(1.2, 0.9 * outline.smoothing)
    cut = _is_on_frame(rim, shape=shape, tolerance=tolerance) | _is_on_base(rim, outline.size, tolerance=tolerance)
    lost = np.bincount(owner, cut) / np.bincount(owner)
    kept: Flags = cut & (lost <= LOSS_MOST)[owner]
    return kept


def _is_on_frame(rim: Points, *, shape: tuple[int, ...], tolerance: float) -> Flags:
    height, width = shape
    x, y = rim.T
    on_frame: Flags = (x < tolerance) | (x > width - tolerance) | (y < tolerance) | (y > height - tolerance)
    return on_frame


def _is_on_base(rim: Points, size: float, *, tolerance: float) -> Flags:
    x, y = rim.T
    width = float(np.ptp(x))
    base: Flags = y < y.min() + tolerance
    above = y < y.min() + ABOVE_BASE * size
    if base.sum() < 3 or np.ptp(x[base]) < max(BASE_SHARE * width, BASE_OVERHANG * np.ptp(x[above])):
        return np.zeros(len(rim), bool)
    if np.diff(np.sort(x[base])).max() > BASE_GAP * width:
        return np.zeros(len(rim), bool)
    return base
