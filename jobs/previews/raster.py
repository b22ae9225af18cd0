"""Which triangle is seen at each pixel? A z-buffer in numpy, row by row of each triangle, in bounded batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

BATCH_FACES: Final = 200_000
BATCH_SPANS: Final = 400_000
BATCH_FRAGMENTS: Final = 400_000

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_LOW_BITS: Final = np.uint64(32)
_DEEPEST: Final = float(2**32 - 1)


Keys = npt.NDArray[np.uint64]  # depth in the upper half, the face's number plus one in the lower: larger is nearer


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Triangles on a picture. ``nearness`` is 0 for the farthest vertex and 1 for the nearest one."""

    places: Floats  # pixels, y down
    nearness: Floats  # affine on the picture along each triangle, as the inverse of the distance is
    faces: npt.NDArray[np.int32]
    both_sides: npt.NDArray[np.bool_]  # for each face: is its back seen as well?
    size: int


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The pixels (numbered row by row) where something is seen, and which face that is."""

    pixels: Integers
    faces: Integers
    keys: Keys


def find_seen_faces(projection: Projection, *, behind: Keys | None = None) -> Seen:
    """The nearest face at each pixel; with ``behind``, the nearest of those behind what these keys name.

    Depth and face share one number for each pixel, so that the largest is the nearest triangle and the result
    does not depend on the order of work.
    """
    buffer = np.zeros(projection.size**2, np.uint64)
    for first in range(0, len(projection.faces), BATCH_FACES):
        _draw_faces(buffer, projection=projection, numbers=_find_facing(projection, first=first), behind=behind)
    pixels = np.flatnonzero(buffer)
    keys = buffer[pixels]
    return Seen(pixels=pixels, faces=(keys & np.uint64(0xFFFFFFFF)).astype(np.int64) - 1, keys=keys)


def measure_coverage(projection: Projection) -> float:
    """The area of all triangles in pictures: how many layers drawing them will cost."""
    total = 0.0
    for first in range(0, len(projection.faces), BATCH_FACES):
        areas = _measure_areas(projection.places, projection.faces[first : first + BATCH_FACES])
        total += float(np.abs(areas).sum())
    return total / 2 / projection.size**2


def _measure_areas(places: Floats, faces: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Twice the signed area of each triangle; negative ones face the eye, as y points down."""
    x, y = (places[:, axis].astype(np.float64)[faces] for axis in range(2))
    areas: npt.NDArray[np.float64] = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (y[:, 1] - y[:, 0]) * (
        x[:, 2] - x[:, 0]
    )
    return areas


def _find_facing(projection: Projection, *, first: int) -> Integers:
    chosen = slice(first, first + BATCH_FACES)
    areas = _measure_areas(projection.places, projection.faces[chosen])
    return first + np.flatnonzero((areas < 0) | (projection.both_sides[chosen] & (areas > 0)))


def _draw_faces(buffer: Keys, *, projection: Projection, numbers: Integers, behind: Keys | None) -> None:
    corners = projection.faces[numbers]
    order = np.argsort(projection.places[:, 1][corners], axis=1, kind="stable")
    corners = np.take_along_axis(corners, order, axis=1)
    x, y, z = projection.places[:, 0][corners].T, projection.places[:, 1][corners].T, projection.nearness[corners].T
    rows, ends = _find_centres(y[0], y[2], size=projection.size)
    for part in _split(ends - rows, limit=BATCH_SPANS):
        spans = _cut_rows(x[:, part], y[:, part], z[:, part], rows=rows[part], ends=ends[part])
        _draw_spans(buffer, spans=spans, numbers=numbers[part], size=projection.size, behind=behind)


@dataclass(frozen=True, kw_only=True)
class _Spans:
    """For each row that a triangle crosses: which triangle, which row, and the two edges of the crossing."""

    owners: Integers
    rows: Integers
    left: Floats
    right: Floats
    left_z: Floats
    right_z: Floats


def _find_centres(low: Floats, high: Floats, *, size: int) -> tuple[Integers, Integers]:
    """The first pixel whose centre is not below ``low``, and the first whose centre is not below ``high``."""
    first = np.clip(np.ceil(low - np.float32(0.5)), 0, size).astype(np.int64)
    return first, np.clip(np.ceil(high - np.float32(0.5)), 0, size).astype(np.int64)


def _cut_rows(x: Floats, y: Floats, z: Floats, *, rows: Integers, ends: Integers) -> _Spans:
    """Where rows cross the long edge of a triangle and one of its two short ones; corners come sorted by y."""
    owners, row = _unroll(rows, ends)
    centre = row.astype(np.float32) + np.float32(0.5)
    upper = centre < y[1][owners]
    begin = np.where(upper, 0, 1)
    long_x, long_z = _follow_edge(x, y, z, begin=np.zeros_like(begin), end=2, owners=owners, centre=centre)
    short_x, short_z = _follow_edge(x, y, z, begin=begin, end=begin + 1, owners=owners, centre=centre)
    swap = short_x < long_x
    return _Spans(
        owners=owners,
        rows=row,
        left=np.where(swap, short_x, long_x),
        right=np.where(swap, long_x, short_x),
        left_z=np.where(swap, short_z, long_z),
        right_z=np.where(swap, long_z, short_z),
    )


def _follow_edge(
    x: Floats, y: Floats, z: Floats, *, begin: Any, end: Any, owners: Integers, centre: Floats
) -> tuple[Floats, Floats]:
    """Neighbours compute a shared edge from the same numbers in the same order, so no pixel falls between them."""
    x0, y0, z0 = x[begin, owners], y[begin, owners], z[begin, owners]
    height = y[end, owners] - y0
    share = np.clip((centre - y0) / np.where(height > 0, height, np.float32(1)), 0, 1)
    return x0 + share * (x[end, owners] - x0), z0 + share * (z[end, owners] - z0)


def _draw_spans(buffer: Keys, *, spans: _Spans, numbers: Integers, size: int, behind: Keys | None) -> None:
    columns, ends = _find_centres(spans.left, spans.right, size=size)
    width = spans.right - spans.left
    slope = (spans.right_z - spans.left_z) / np.where(width > 0, width, np.float32(1))
    start = spans.left_z + (columns.astype(np.float32) + np.float32(0.5) - spans.left) * slope
    face = numbers[spans.owners].astype(np.uint64) + np.uint64(1)
    row = spans.rows * size
    for part in _split(ends - columns, limit=BATCH_FRAGMENTS):
        owners, column = _unroll(columns[part], ends[part])
        steps = (column - columns[part][owners]).astype(np.float32)
        depth = np.clip(start[part][owners] + steps * slope[part][owners], 0, 1).astype(np.float64)
        keys = (depth * _DEEPEST).astype(np.uint64) << _LOW_BITS | face[part][owners]
        pixels = row[part][owners] + column
        if behind is not None:
            hidden = keys < behind[pixels]
            pixels, keys = pixels[hidden], keys[hidden]
        np.maximum.at(buffer, pixels, keys)


def _unroll(starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """All whole numbers of all ranges, each with the number of its range."""
    counts = np.maximum(ends - starts, 0)
    owners = np.repeat(np.arange(len(counts)), counts)
    shift = starts - (np.cumsum(counts) - counts)
    return owners, np.arange(len(owners)) + shift[owners]


def _split(counts: Integers, *, limit: int) -> Iterator[slice]:
    """Slices whose counts add up to about ``limit`` at most."""
    sums = np.cumsum(np.maximum(counts, 0))
    start = 0
    while start < len(counts):
        done = sums[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(sums, done + limit, side="right")))
        yield slice(start, end)
        start = end
