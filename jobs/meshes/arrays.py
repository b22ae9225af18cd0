"""What numbers does an accessor stand for?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .buffers import Accessor, Column

Floats = npt.NDArray[np.float32]
Faces = npt.NDArray[np.int32]


def is_readable(accessor: Accessor) -> bool:
    """Are its bytes there, and not packed by an extension?"""
    columns = [accessor.column, *(accessor.replaced or ())]
    return all(column is None or column.view.data is not None for column in columns)


def read_array(accessor: Accessor) -> npt.NDArray[Any]:
    """The stored numbers, one row for each element; a view of the file where that is possible."""
    if accessor.column is None:
        array: npt.NDArray[Any] = np.zeros((accessor.count, accessor.width), accessor.component)
    else:
        array = _read_column(accessor.column)
    if accessor.replaced is None:
        return array
    places, values = (_read_column(column) for column in accessor.replaced)
    array = array.copy()
    array[places[:, 0]] = values
    return array


def read_floats(accessor: Accessor) -> Floats:
    """The numbers as they are meant: whole numbers that stand for fractions are divided."""
    array = read_array(accessor)
    if not accessor.normalized or array.dtype.kind == "f":
        return np.ascontiguousarray(array, np.float32)
    scale = np.float32(1.0 / np.iinfo(array.dtype).max)
    fractions: Floats = np.maximum(array.astype(np.float32) * scale, np.float32(-1.0))
    return fractions


def _read_column(column: Column) -> npt.NDArray[Any]:
    assert column.view.data is not None, "ask is_readable first"
    kind = np.dtype(column.component)
    return np.ndarray(
        (column.count, column.width),
        kind,
        buffer=column.view.data,
        offset=column.offset,
        strides=(column.stride, kind.itemsize),
    )
