"""Which questions can be asked of a finished model? Check, read, measure and convert a GLB, free of Django.

Each name is loaded when it is first used: errors and facts are wanted where numpy is not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import MeshError
from .facts import MeshFacts

if TYPE_CHECKING:
    from .convert import convert_glb
    from .document import check_glb
    from .materials import Material, Texture
    from .measure import measure_mesh
    from .reader import Mesh, Part, read_mesh

__all__ = [
    "Material",
    "Mesh",
    "MeshError",
    "MeshFacts",
    "Part",
    "Texture",
    "check_glb",
    "convert_glb",
    "measure_mesh",
    "read_mesh",
]

_PLACES = {
    "Material": ".materials",
    "Mesh": ".reader",
    "Part": ".reader",
    "Texture": ".materials",
    "check_glb": ".document",
    "convert_glb": ".convert",
    "measure_mesh": ".measure",
    "read_mesh": ".reader",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_PLACES[name], __name__), name)
    globals()[name] = value
    return value
