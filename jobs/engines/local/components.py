"""Which pieces of a mask are the object, and which of its holes can one see through?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .arrays import Flags, Indices

KEEP_SHARE = 0.15  # of the main piece: a pair of shoes stays a pair
IGNORED_SHARE = 0.02  # smaller pieces are specks and not worth a warning
HOLE_SHARE = 0.0008
HOLE_PIXELS = 12


@dataclass(frozen=True, kw_only=True)
class Components:
    """What was found in a mask and what became of it."""

    found: int = 0
    kept: int = 0
    ignored: int = 0
    holes: int = 0


def keep_main(
    mask: Flags, *, see_through: Flags | None = None, keep_share: float = KEEP_SHARE
) -> tuple[Flags, Components]:
    """The main piece and those of comparable size, without specks.

    Holes are filled unless they are of some size and, where ``see_through`` is given, mostly flagged by it.
    """
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count <= 1:
        return np.zeros_like(mask), Components()
    area = stats[1:, cv2.CC_STAT_AREA].astype(np.float64)
    main = _find_main(area, centres[1:], shape=mask.shape)
    keep = area >= keep_share * area[main]
    keep[main] = True
    kept = np.concatenate([[False], keep])[labels]
    filled, holes = _fill_holes(kept, see_through)
    ignored = int((~keep & (area > IGNORED_SHARE * area[main])).sum())
    return filled, Components(found=count - 1, kept=int(keep.sum()), ignored=ignored, holes=holes)


def _find_main(area: np.ndarray, centres: np.ndarray, *, shape: tuple[int, ...]) -> int:
    """Large and near the middle."""
    height, width = shape
    off_centre = np.hypot((centres[:, 0] - width / 2) / width, (centres[:, 1] - height / 2) / height)
    return int(np.argmax(area * np.exp(-2.0 * off_centre**2)))


def _fill_holes(mask: Flags, see_through: Flags | None) -> tuple[Flags, int]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    area = stats[:, cv2.CC_STAT_AREA]
    real = area >= max(HOLE_PIXELS, HOLE_SHARE * float(mask.sum()))
    if see_through is not None:
        share = np.bincount(labels.ravel(), see_through.ravel().astype(np.float64), count) / np.maximum(area, 1)
        real &= share > 0.5
    enclosed = np.ones(count, bool)
    enclosed[0] = False  # the mask itself
    enclosed[_labels_on_frame(labels)] = False
    return mask | (enclosed & ~real)[labels], int((enclosed & real).sum())


def _labels_on_frame(labels: Indices) -> Indices:
    return np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
