"""Do the numbers of a model make sense: are they finite, of sane size, and do indices name real vertices?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from .arrays import is_readable, read_array, read_floats
from .buffers import Accessor
from .errors import MeshError, invalid_glb
from .materials import COORDINATE_SETS
from .scene import Draw

MAX_COORDINATE: Final = 1e9  # metres; beyond it, squares and products leave the range of single precision

# What a reader may use; a file can name the same bytes under any number of other names.
READ: Final = frozenset({"POSITION", "NORMAL", "COLOR_0", *(f"TEXCOORD_{number}" for number in range(COORDINATE_SETS))})

Box = npt.NDArray[np.float64]  # two rows: lowest and highest corner


def check_contents(draws: Sequence[Draw], *, accessors: Sequence[Accessor]) -> None:
    """Look at every number that will be drawn, each array once."""
    visible = [draw for draw in draws if not draw.primitive.packed]
    pieces = [draw.primitive for draw in visible]
    attributes = {(name, number) for piece in pieces for name, number in piece.attributes.items() if name in READ}
    indices = {piece.indices for piece in pieces if piece.indices is not None}
    for number in sorted(indices | {number for _, number in attributes}):
        _check_replaced(accessors[number], where=f"accessor {number}")
    for number, vertices in sorted({(p.indices, p.vertices) for p in pieces if p.indices is not None}):
        _check_indices(accessors[number], vertices=vertices, where=f"accessor {number}")
    for number in sorted({number for name, number in attributes if name != "POSITION"}):
        _check_attribute(accessors[number], where=f"accessor {number}")
    positions = sorted({p.attributes["POSITION"] for p in pieces})
    boxes = {number: _measure_box(accessors[number], where=f"accessor {number}") for number in positions}
    if visible:
        _check_world(visible, boxes=boxes, whole=len(visible) == len(draws))


def _check_replaced(accessor: Accessor, *, where: str) -> None:
    if accessor.replaced is None or not is_readable(accessor):
        return
    places = read_array(_as_accessor(accessor))
    if places.size and int(places.max()) >= accessor.count:
        raise invalid_glb(f"the sparse part of {where} names an element that does not exist")


def _as_accessor(accessor: Accessor) -> Accessor:
    """The places of a sparse accessor, as an accessor of its own."""
    assert accessor.replaced is not None
    places = accessor.replaced[0]
    return Accessor(
        count=places.count, component=places.component, width=1, normalized=False, column=places, replaced=None
    )


def _check_indices(accessor: Accessor, *, vertices: int, where: str) -> None:
    if accessor.count and is_readable(accessor) and int(read_array(accessor).max()) >= vertices:
        raise invalid_glb(f"{where} names a vertex that does not exist")


def _check_attribute(accessor: Accessor, *, where: str) -> None:
    if accessor.component == "<f4" and is_readable(accessor) and not np.isfinite(read_array(accessor)).all():
        raise invalid_glb(f"{where} holds numbers that are not finite")


def _measure_box(accessor: Accessor, *, where: str) -> Box | None:
    if not is_readable(accessor):
        return None
    points = read_floats(accessor)
    box = np.stack([points.min(axis=0), points.max(axis=0)]).astype(np.float64)  # NaN and Inf reach the box
    if not np.isfinite(box).all():
        raise invalid_glb(f"{where} holds positions that are not finite")
    if np.abs(box).max() > MAX_COORDINATE:
        raise invalid_glb(f"{where} holds positions that are absurdly far away")
    return box


def _check_world(draws: Sequence[Draw], *, boxes: dict[int, Box | None], whole: bool) -> None:
    """The nodes' transforms must leave the model finite, and larger than a point."""
    corners = []
    for draw in draws:
        box = boxes[draw.primitive.attributes["POSITION"]]
        if box is None:  # compressed, so its place is not known
            return
        choices = np.array([[box[i >> axis & 1, axis] for axis in range(3)] for i in range(8)])
        with np.errstate(over="ignore", invalid="ignore"):
            corners.append(choices @ draw.transform[:3, :3].T + draw.transform[:3, 3])
    world = np.concatenate(corners)
    if not np.isfinite(world).all() or np.abs(world).max() > MAX_COORDINATE:
        raise invalid_glb("its nodes put it absurdly far away")
    if whole and np.ptp(world, axis=0).max() == 0:
        raise MeshError("result_empty_model", "The model is a single point.", "Try another picture or another engine.")
