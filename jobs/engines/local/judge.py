"""How believable is a mask? A score from 0 to 1 that is reported as the confidence."""

from __future__ import annotations

import cv2
import numpy as np

from .arrays import Field, Flags
from .frame import ring

REACH = 4  # pixels on each side of the outline that are compared
CLEAR_STEP = 30.0  # Lab units between inside and outside that leave no doubt


def score_mask(lab: Field, mask: Flags) -> float:
    """How different the colours just inside and just outside the outline are, less what makes a mask doubtful."""
    if not mask.any() or mask.all():
        return 0.0
    edge = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1).astype(bool)
    if not edge.any():
        return 0.0
    return _contrast(lab, mask, edge) * _is_off_frame(mask) * _is_sensible_size(mask) * _is_smooth(mask, edge)


def score_solidity(mask: Flags) -> float:
    """Favours large masks without deep bays; on a busy ground these are more often right."""
    if not mask.any():
        return 0.0
    curves, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.contourArea(cv2.convexHull(np.vstack(curves)))
    solidity = float(np.clip(mask.sum() / max(hull, 1.0), 0.2, 1))
    return float(solidity**0.6 * min(1.0, float(mask.mean()) / 0.12) ** 0.35)


def measure_touch(mask: Flags) -> float:
    """Share of the picture's frame that the mask touches."""
    band = ring(mask.shape, share=0.015)
    return float((mask & band).sum() / band.sum())


def _contrast(lab: Field, mask: Flags, edge: Flags) -> float:
    inside = mask.astype(np.float32)
    step = np.linalg.norm(_local_mean(lab, inside) - _local_mean(lab, 1 - inside), axis=-1)[edge]
    return float(np.mean(np.clip(step / CLEAR_STEP, 0, 1)))


def _local_mean(lab: Field, weight: Field) -> Field:
    window = (2 * REACH + 1, 2 * REACH + 1)
    total = cv2.boxFilter(lab * weight[..., None], -1, window, normalize=False)
    count = cv2.boxFilter(weight, -1, window, normalize=False)
    mean: Field = total / np.maximum(count, 1)[..., None]
    return mean


def _is_off_frame(mask: Flags) -> float:
    band = ring(mask.shape, share=0.01)
    band[-max(2, mask.shape[0] // 50) :] = False  # standing on the lower side is usual
    touch = float((mask & band).sum() / band.sum())
    return 1 - min(0.9, 3 * touch)


def _is_sensible_size(mask: Flags) -> float:
    coverage = float(mask.mean())
    return min(1, coverage / 0.03) * min(1, (1 - coverage) / 0.15)


def _is_smooth(mask: Flags, edge: Flags) -> float:
    discs = float(edge.sum() / max(1.0, np.sqrt(mask.sum()) * 3.5))  # 1 for a disc
    return 1 / (1 + max(0.0, discs - 3) * 0.25)
