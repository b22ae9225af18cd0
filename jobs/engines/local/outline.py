"""Which curves bound the object? Smooth closed curves from a soft mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from contourpy import contour_generator
from scipy import ndimage

from . import refusals
from .arrays import Field, Indices, Numbers, Points

LEVEL = 0.5
STEP = 0.5  # pixels between the points of a smoothed curve
SMOOTHING_SHARE = 0.0028  # of the object's longer side
SMOOTHING_LEAST = 0.8  # pixels
SHRINKAGE_RETURNED = 0.8
PIECE_SHARE = 0.00015  # of the square of the object's longer side; smaller pieces are specks
OBJECT_PIXELS_LEAST = 30
POINTS_LEAST = 16  # of a curve
BEND_SPACING = 0.35  # spacing of samples, in radii of curvature


@dataclass(frozen=True)
class Curve:
    """A closed curve; the object lies on its left, so outer ones run counter-clockwise and holes clockwise."""

    points: Points
    arc: Numbers = field(init=False)  # length up to each point; one more for the way back

    def __post_init__(self) -> None:
        closed = np.vstack([self.points, self.points[:1]])
        steps = np.hypot(*np.diff(closed, axis=0).T)
        object.__setattr__(self, "arc", np.concatenate([[0.0], np.cumsum(steps)]))

    @property
    def length(self) -> float:
        return float(self.arc[-1])

    def at(self, positions: Numbers) -> Points:
        """The points after these lengths."""
        positions = np.mod(positions, self.length)
        x, y = (np.append(axis, axis[0]) for axis in self.points.T)
        return np.stack([np.interp(positions, self.arc, x), np.interp(positions, self.arc, y)], axis=1)

    def sample(self, *, spacing: float, least: float) -> Numbers:
        """Positions about ``spacing`` apart, closer where the curve bends, but not closer than ``least``."""
        count = len(self.points)
        step = self.length / count
        wanted = np.clip(BEND_SPACING / np.maximum(self._curvature(step), 1e-6), least, spacing)
        wanted = ndimage.gaussian_filter1d(wanted, min(max(1.0, 0.5 * spacing / step), count / 12), mode="wrap")
        samples = np.concatenate([[0.0], np.cumsum(step / wanted)])
        number = max(8, int(np.ceil(samples[-1])))
        along = np.arange(number) * samples[-1] / number
        positions: Numbers = np.interp(along, samples, np.arange(count + 1) * step)
        return positions

    def _curvature(self, step: float) -> Numbers:
        before, after = np.roll(self.points, 1, axis=0), np.roll(self.points, -1, axis=0)
        x1, y1 = ((after - before) / (2 * step)).T
        x2, y2 = ((after - 2 * self.points + before) / step**2).T
        curvature: Numbers = np.abs(x1 * y2 - y1 * x2) / np.maximum(x1 * x1 + y1 * y1, 1e-9) ** 1.5
        return curvature


@dataclass(frozen=True, kw_only=True)
class Outline:
    """All curves of an object."""

    curves: Sequence[Curve]
    size: float  # the longer side of the object, pixels
    smoothing: float  # standard deviation along the curve, pixels

    @property
    def area(self) -> float:
        return sum(signed_area(curve.points) for curve in self.curves)

    @property
    def length(self) -> float:
        return sum(curve.length for curve in self.curves)


def measure_size(soft: Field) -> float:
    """The longer side of the object's bounding box, pixels."""
    rows, columns = np.nonzero(soft > LEVEL)
    if len(rows) < OBJECT_PIXELS_LEAST:
        raise refusals.no_object()
    return float(max(np.ptp(rows), np.ptp(columns)) + 1)


def trace_outline(soft: Field, *, smoother: float = 1.0) -> Outline:
    """The mask's outline; ``smoother`` times as smooth as usual."""
    size = measure_size(soft)
    smoothing = smoother * max(SMOOTHING_LEAST, SMOOTHING_SHARE * size)
    curves = []
    for rings in _trace_pieces(soft, least_area=max(9.0, PIECE_SHARE * size * size)):
        curves += _smooth_piece(rings, smoothing=smoothing)
    if not curves:
        raise refusals.no_object()
    return Outline(curves=curves, size=size, smoothing=smoothing)


def signed_area(points: Points) -> float:
    """Positive when the points run counter-clockwise."""
    x, y = points.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _trace_pieces(soft: Field, *, least_area: float) -> list[list[Points]]:
    """For each piece its outer ring and then its holes."""
    padded = np.pad(soft, 2)  # the picture's frame counts as outside
    polygons, offsets = contour_generator(z=padded, fill_type="OuterOffset").filled(LEVEL, 10.0)
    pieces = []
    for points, starts in zip(polygons, offsets, strict=True):
        rings = _split_rings(points, starts, height=soft.shape[0])
        if abs(signed_area(rings[0])) >= least_area:
            holes = [ring for ring in rings[1:] if abs(signed_area(ring)) >= 0.25 * least_area]
            pieces.append([rings[0], *holes])
    return pieces


def _split_rings(points: Points, starts: Indices, *, height: int) -> list[Points]:
    """From array positions of the padded mask to pixels with y up; the last point of a ring repeats the first."""
    upright = np.stack([points[:, 0] - 1.5, height - (points[:, 1] - 1.5)], axis=1)
    return [upright[start : end - 1] for start, end in pairwise(starts)]


def _smooth_piece(rings: list[Points], *, smoothing: float) -> list[Curve]:
    """The outer ring counter-clockwise and the holes clockwise; what smoothing has dissolved is left out."""
    outer = _smooth(rings[0], smoothing=smoothing)
    if abs(signed_area(outer)) <= 4:
        return []
    holes = [_smooth(ring, smoothing=smoothing) for ring in rings[1:]]
    curves = [outer if signed_area(outer) > 0 else outer[::-1]]
    curves += [hole if signed_area(hole) < 0 else hole[::-1] for hole in holes if abs(signed_area(hole)) > 4]
    return [Curve(points) for points in curves]


def _smooth(points: Points, *, smoothing: float) -> Points:
    """Evenly spaced along the curve and low-passed; most of the shrinkage is given back."""
    even = _space_evenly(points)
    step = float(np.hypot(*np.diff(np.vstack([even, even[:1]]), axis=0).T).mean())
    sigma = min(smoothing / step, len(even) / 12)
    once = ndimage.gaussian_filter1d(even, sigma, axis=0, mode="wrap")
    again = ndimage.gaussian_filter1d(once, sigma, axis=0, mode="wrap")
    smoothed: Points = once + SHRINKAGE_RETURNED * (once - again)
    return smoothed


def _space_evenly(points: Points) -> Points:
    distinct = np.hypot(*(points - np.roll(points, 1, axis=0)).T) > 1e-9
    curve = Curve(points[distinct])
    number = max(POINTS_LEAST, int(np.ceil(curve.length / STEP)))
    return curve.at(np.arange(number) * curve.length / number)
