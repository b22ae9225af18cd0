"""Is a field of a model's JSON what it must be?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from .errors import invalid_glb, too_complex

MAX_ENTRIES: Final = 50_000  # of any list; a generated model has a handful

Fields = Mapping[str, Any]


def read_objects(holder: Fields, key: str, *, where: str) -> list[Fields]:
    """A list of objects, empty when the key is missing."""
    found = holder.get(key, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise invalid_glb(f"{where} {key} is not a list of objects".lstrip())
    if len(found) > MAX_ENTRIES:
        raise too_complex(f"it has {len(found):,} {key}; the limit is {MAX_ENTRIES:,}")
    return found


def read_object(holder: Fields, key: str, *, where: str) -> Fields:
    """An object, empty when the key is missing."""
    found = holder.get(key, {})
    if not isinstance(found, dict):
        raise invalid_glb(f"{key} of {where} is not an object")
    return found


def read_integer(holder: Fields, key: str, *, where: str, default: int | None = None, low: int = 0) -> int:
    """A whole number of at least ``low``; JSON writers may have put it as 3.0."""
    found = holder.get(key, default)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or found < low:
        raise invalid_glb(f"{key} of {where} is not a whole number from {low}")
    return found


def read_index(holder: Fields, key: str, *, where: str, size: int) -> int | None:
    """A place in a list of ``size`` entries, or None when the key is missing."""
    if key not in holder:
        return None
    found = read_integer(holder, key, where=where)
    if found >= size:
        raise invalid_glb(f"{key} of {where} is {found}, but there are {size}")
    return found


def read_indices(holder: Fields, key: str, *, where: str, size: int) -> list[int]:
    """A list of places in a list of ``size`` entries, empty when the key is missing."""
    found = holder.get(key, [])
    if not isinstance(found, list):
        raise invalid_glb(f"{key} of {where} is not a list")
    for place in found:
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < size:
            raise invalid_glb(f"{key} of {where} names an entry that does not exist")
    return found


def read_number(holder: Fields, key: str, *, where: str, default: float) -> float:
    """A finite number."""
    return _to_number(holder.get(key, default), key=key, where=where)


def read_numbers(holder: Fields, key: str, *, where: str, length: int) -> list[float] | None:
    """``length`` finite numbers, or None when the key is missing."""
    if key not in holder:
        return None
    found = holder[key]
    if not isinstance(found, list) or len(found) != length:
        raise invalid_glb(f"{key} of {where} is not a list of {length} numbers")
    return [_to_number(value, key=key, where=where) for value in found]


def read_names(holder: Fields, key: str) -> frozenset[str]:
    """A set of names, empty when the key is missing."""
    found = holder.get(key, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise invalid_glb(f"{key} is not a list of names")
    return frozenset(found)


def _to_number(value: Any, *, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300 or math.isnan(value):
        raise invalid_glb(f"{key} of {where} is not a finite number")
    return float(value)
