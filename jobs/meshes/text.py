"""How are millions of numbers written as text without asking Python for each of them?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

SIGNIFICANT: Final = 7  # digits of the largest number; single precision has no more
BATCH_ROWS: Final = 200_000

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One number of each row, with a fixed count of digits after the point (0: a whole number, no point)."""

    values: Numbers
    decimals: int = 0


def choose_decimals(values: Numbers, *, significant: int = SIGNIFICANT) -> int:
    """So many digits after the point that the largest number keeps so many significant ones."""
    largest = float(np.abs(values).max(initial=0))
    if largest == 0:
        return 1
    return min(max(significant - math.ceil(math.log10(largest)), 0), 15)


def split_columns(table: Numbers, *, significant: int = SIGNIFICANT) -> list[Column]:
    """The columns of a table of fractions, all with the same number of digits after the point."""
    decimals = choose_decimals(table, significant=significant)
    return [Column(values=table[:, place], decimals=decimals) for place in range(table.shape[1])]


def write_rows(fields: Sequence[bytes | Column]) -> bytes:
    """A row of text for each row of the columns; bytes between them are repeated in every row.

    A table of numbers becomes a table of characters: digits are split off by whole-array division, then the
    characters that are not wanted (leading zeros, missing minus signs) are dropped in one step.
    """
    count = max(len(field.values) for field in fields if isinstance(field, Column))
    batches = (slice(start, start + BATCH_ROWS) for start in range(0, count, BATCH_ROWS))
    return b"".join(_write_batch(fields, rows=rows) for rows in batches)


def _write_batch(fields: Sequence[bytes | Column], *, rows: slice) -> bytes:
    written: dict[int, tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]] = {}
    for field in fields:
        if isinstance(field, Column) and id(field) not in written:  # the same column may stand in a row more than once
            written[id(field)] = _write_column(field.values[rows], decimals=field.decimals)
    count = len(next(iter(written.values()))[0])
    widths = [len(field) if isinstance(field, bytes) else written[id(field)][0].shape[1] for field in fields]
    characters = np.empty((count, sum(widths)), np.uint8)
    wanted = np.ones(characters.shape, np.bool_)
    start = 0
    for field, width in zip(fields, widths, strict=True):
        here = slice(start, start + width)
        if isinstance(field, bytes):
            characters[:, here] = np.frombuffer(field, np.uint8)
        else:
            characters[:, here], wanted[:, here] = written[id(field)]
        start += width
    return characters[wanted].tobytes()


def _write_column(values: Numbers, *, decimals: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Characters of a fixed width for each number, and which of them count: sign, whole part, point, decimals."""
    scaled = np.rint(np.abs(values).astype(np.float64) * 10.0**decimals).astype(np.int64)
    digits = max(len(str(int(scaled.max(initial=0)))), decimals + 1)
    rest = scaled.astype(np.uint32) if scaled.max(initial=0) < 2**32 else scaled  # divides twice as fast
    point = 1 if decimals else 0
    characters = np.empty((len(values), 1 + digits + point), np.uint8)
    wanted = np.ones(characters.shape, np.bool_)
    characters[:, 0] = ord("-")
    wanted[:, 0] = (values < 0) & (scaled > 0)
    for power in range(digits):
        place = digits - power + (point if power < decimals else 0)
        tenth = rest // 10
        characters[:, place] = (rest - tenth * 10) + ord("0")
        if power > decimals:
            wanted[:, place] = rest > 0
        rest = tenth
    if point:
        characters[:, 1 + digits - decimals] = ord(".")
    return characters, wanted
