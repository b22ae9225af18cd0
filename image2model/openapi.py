"""How is the API documented? What every call adds, and what the finished document gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from drf_spectacular.utils import extend_schema

Call = TypeVar("Call", bound=Callable[..., Any])


def document(operation_id: str, **facts: Any) -> Callable[[Call], Call]:
    """``request``, ``responses`` and ``parameters`` of one call, as drf-spectacular takes them."""
    return cast("Callable[[Call], Call]", extend_schema(operation_id=operation_id, **facts))
