"""Which endpoints does FAL have? Their inputs, outputs, prices and typical times, as a table."""

from __future__ import annotations

from .hunyuan import HUNYUAN
from .others import OTHERS
from .rodin import RODIN
from .shape import Endpoint, Input, Pictures
from .tripo import TRIPO

ENDPOINTS: dict[str, Endpoint] = {each.id: each for each in (*TRIPO, *HUNYUAN, *RODIN, *OTHERS)}
_NAMESPACES = frozenset({"workflows", "comfy"})
APPS = frozenset(each.app for each in ENDPOINTS.values())

__all__ = ["APPS", "ENDPOINTS", "Endpoint", "Input", "Pictures", "find_app"]


def find_app(parts: list[str]) -> str:
    """The part of an endpoint id that stands in the addresses of its requests: owner/alias, after a namespace."""
    length = 3 if parts and parts[0] in _NAMESPACES else 2
    return "/".join(parts[:length])
