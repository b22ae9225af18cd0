"""Where in the binary part does each array of a model lie, and does it really lie there?"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .errors import invalid_glb
from .fields import Fields, read_index, read_integer, read_numbers, read_object, read_objects

COMPONENTS: Final = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
INDEX_COMPONENTS: Final = frozenset({"<u1", "<u2", "<u4"})

MAX_ELEMENTS: Final = 60_000_000  # of an array without bytes of its own: three corners of 20 M triangles
MIN_STRIDE: Final = 4
MAX_STRIDE: Final = 252


@dataclass(frozen=True, kw_only=True)
class View:
    """A stretch of bytes; ``data`` is None when an extension keeps them packed elsewhere."""

    data: memoryview | None
    length: int
    stride: int | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """Numbers of one type at regular steps in a view."""

    view: View
    offset: int
    component: str  # as numpy writes it: "<f4"
    width: int
    count: int

    @property
    def stride(self) -> int:
        return self.view.stride or self.item_bytes

    @property
    def item_bytes(self) -> int:
        return int(self.component[-1]) * self.width


@dataclass(frozen=True, kw_only=True)
class Accessor:
    """An array of a model: its numbers, and the few that replace some of them."""

    count: int
    component: str
    width: int
    normalized: bool
    column: Column | None
    replaced: tuple[Column, Column] | None  # places and values


def read_views(tree: Fields, *, binary: memoryview) -> list[View]:
    """All buffer views, each inside its buffer."""
    buffers = [
        _read_buffer(entry, binary=binary if number == 0 else None, where=f"buffer {number}")
        for number, entry in enumerate(read_objects(tree, "buffers", where=""))
    ]
    entries = read_objects(tree, "bufferViews", where="")
    return [_read_view(entry, buffers=buffers, where=f"bufferView {number}") for number, entry in enumerate(entries)]


def read_accessors(tree: Fields, *, views: Sequence[View]) -> list[Accessor]:
    """All accessors, each inside its view."""
    entries = read_objects(tree, "accessors", where="")
    return [_read_accessor(entry, views=views, where=f"accessor {number}") for number, entry in enumerate(entries)]


def decode_data_uri(uri: Any, *, where: str) -> memoryview:
    """The bytes inside a ``data:`` address. Any other address is refused: a GLB must stand alone."""
    if not isinstance(uri, str) or not uri.startswith("data:"):
        raise invalid_glb(f"{where} lies outside of the file")
    head, _, body = uri.partition(",")
    if not head.endswith(";base64"):
        raise invalid_glb(f"{where} is not encoded in base64")
    try:
        return memoryview(base64.b64decode(body, validate=True))
    except (binascii.Error, ValueError) as error:
        raise invalid_glb(f"{where} is not encoded in base64") from error


def _read_buffer(entry: Fields, *, binary: memoryview | None, where: str) -> tuple[memoryview | None, int]:
    length = read_integer(entry, "byteLength", where=where)
    data = decode_data_uri(entry["uri"], where=where) if "uri" in entry else binary
    if data is None:
        return None, length  # a placeholder, as some compressions leave behind
    if length > len(data):
        raise invalid_glb(f"{where} declares {length:,} bytes and has {len(data):,}")
    return data[:length], length


def _read_view(entry: Fields, *, buffers: Sequence[tuple[memoryview | None, int]], where: str) -> View:
    number = read_index(entry, "buffer", where=where, size=len(buffers))
    if number is None:
        raise invalid_glb(f"{where} names no buffer")
    data, available = buffers[number]
    start = read_integer(entry, "byteOffset", where=where, default=0)
    length = read_integer(entry, "byteLength", where=where)
    if start + length > available:
        raise invalid_glb(f"{where} reaches past the end of its buffer")
    packed = "EXT_meshopt_compression" in read_object(entry, "extensions", where=where)
    readable = data is not None and not packed
    return View(
        data=data[start : start + length] if data is not None and readable else None,
        length=length,
        stride=_read_stride(entry, where=where),
    )


def _read_stride(entry: Fields, *, where: str) -> int | None:
    if "byteStride" not in entry:
        return None
    stride = read_integer(entry, "byteStride", where=where)
    if not MIN_STRIDE <= stride <= MAX_STRIDE:
        raise invalid_glb(f"byteStride of {where} is {stride}")
    return stride


def _read_accessor(entry: Fields, *, views: Sequence[View], where: str) -> Accessor:
    count = read_integer(entry, "count", where=where)
    component = _read_component(entry, where=where)
    kind = entry.get("type")
    width = WIDTHS.get(kind) if isinstance(kind, str) else None
    if width is None:
        raise invalid_glb(f"type of {where} is unknown")
    _check_range(entry, width=width, where=where)
    column = _read_column(entry, views=views, component=component, width=width, count=count, where=where)
    if column is None and count > MAX_ELEMENTS:
        raise invalid_glb(f"{where} counts {count:,} elements without bytes for them")
    return Accessor(
        count=count,
        component=component,
        width=width,
        normalized=entry.get("normalized") is True,
        column=column,
        replaced=_read_replaced(entry, views=views, component=component, width=width, count=count, where=where),
    )


def _read_component(entry: Fields, *, where: str) -> str:
    component = COMPONENTS.get(read_integer(entry, "componentType", where=where))
    if component is None:
        raise invalid_glb(f"componentType of {where} is unknown")
    return component


def _check_range(entry: Fields, *, width: int, where: str) -> None:
    low = read_numbers(entry, "min", where=where, length=width)
    high = read_numbers(entry, "max", where=where, length=width)
    if low and high and any(a > b for a, b in zip(low, high, strict=True)):
        raise invalid_glb(f"min of {where} is above its max")


def _read_column(
    entry: Fields, *, views: Sequence[View], component: str, width: int, count: int, where: str
) -> Column | None:
    number = read_index(entry, "bufferView", where=where, size=len(views))
    if number is None:
        return None
    offset = read_integer(entry, "byteOffset", where=where, default=0)
    column = Column(view=views[number], offset=offset, component=component, width=width, count=count)
    if column.stride < column.item_bytes:
        raise invalid_glb(f"the elements of {where} overlap")
    end = offset + column.stride * (count - 1) + column.item_bytes if count else offset
    if end > column.view.length:
        raise invalid_glb(f"{where} reaches past the end of its bufferView")
    return column


def _read_replaced(
    entry: Fields, *, views: Sequence[View], component: str, width: int, count: int, where: str
) -> tuple[Column, Column] | None:
    if "sparse" not in entry:
        return None
    where = f"the sparse part of {where}"
    sparse = read_object(entry, "sparse", where=where)
    some = read_integer(sparse, "count", where=where)
    if some > count:
        raise invalid_glb(f"{where} replaces more than there is")
    places, values = read_object(sparse, "indices", where=where), read_object(sparse, "values", where=where)
    place_component = _read_component(places, where=where)
    if place_component not in INDEX_COMPONENTS:
        raise invalid_glb(f"componentType of {where} is unknown")
    at = _read_column(places, views=views, component=place_component, width=1, count=some, where=where)
    put = _read_column(values, views=views, component=component, width=width, count=some, where=where)
    if at is None or put is None:
        raise invalid_glb(f"{where} names no bufferView")
    return at, put
