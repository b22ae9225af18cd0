"""Which pixels are only a soft shadow on the background?"""

from __future__ import annotations

import cv2
import numpy as np

from .arrays import Field, Flags, Pixels
from .background import Background
from .frame import disc, ring

BALL_SHARE = 0.010  # of the longer side: the flow does not squeeze through narrower gaps in an outline
STEP_LEAST = 1.6  # Lab units per pixel: what counts as an edge
SQUARE = np.ones((3, 3), np.uint8)


def find_shadow(lab: Field, background: Background, *, grounded: Flags) -> Flags:
    """Like the background but darker, and reached from the frame without crossing an edge.

    ``grounded`` flags what looks like the background itself, through which the flow passes too.
    """
    flow = (_is_darker_background(lab, background) & ~_find_edges(lab)) | grounded
    return _flood_from_frame(flow, radius=max(2, round(BALL_SHARE * max(lab.shape[:2]))))


def _is_darker_background(lab: Field, background: Background) -> Flags:
    surface = background.surface
    darker = surface[..., 0] - lab[..., 0]
    shade = np.clip(lab[..., :1] / np.maximum(surface[..., :1], 1), 0, 1)
    tint = np.linalg.norm(lab[..., 1:] - surface[..., 1:] * shade, axis=-1)
    looks_shaded: Flags = (darker > -2) & (darker < 0.5 * surface[..., 0]) & (tint < 5 + 1.5 * background.noise)
    return looks_shaded


def _find_edges(lab: Field) -> Flags:
    step = measure_steps(lab)
    usual = float(np.quantile(step[ring(lab.shape, share=0.03)], 0.95))
    edges: Flags = step > max(STEP_LEAST, 1.3 * usual)
    return edges


def measure_steps(lab: Field) -> Field:
    """How much the colour changes from pixel to pixel, Lab units."""
    across = cv2.Sobel(lab, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(lab, cv2.CV_32F, 0, 1, scale=0.125)
    steps: Field = np.sqrt((across * across + down * down).sum(-1))
    return steps


def _flood_from_frame(flow: Flags, *, radius: int) -> Flags:
    """Where a ball of this radius can roll in from the frame, grown back to the outline."""
    rolling: Pixels = cv2.erode(flow.astype(np.uint8), disc(radius), borderValue=1)
    _, labels = cv2.connectedComponents(rolling, connectivity=4)
    from_frame = np.zeros(int(labels.max()) + 1, bool)
    from_frame[labels[ring(flow.shape, share=0.01)]] = True
    from_frame[0] = False
    reached = from_frame[labels].astype(np.uint8)
    for _ in range(radius + 1):
        reached = cv2.dilate(reached, SQUARE) & flow
    from_outside: Flags = reached.astype(bool)
    return from_outside
