"""Which questions can be asked of a finished model? Check, read, measure and convert a GLB, free of Django."""

from __future__ import annotations

from .convert import convert_glb
from .document import check_glb
from .errors import MeshError
from .materials import Material, Texture
from .measure import MeshFacts, measure_mesh
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
