"""How does a GLB become a file of another format?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .document import check_glb
from .errors import MeshError
from .obj import write_obj
from .ply import write_ply
from .reader import Mesh, read_mesh
from .stl import write_stl
from .usdz import write_usdz

Writer = Callable[[Mesh, str, float | None], bytes]

WRITERS: Final[dict[str, Writer]] = {
    "obj": lambda mesh, name, _: write_obj(mesh, name=name),
    "stl": lambda mesh, _, longest: write_stl(mesh, longest_edge_mm=longest),
    "ply": lambda mesh, _, __: write_ply(mesh),
    "usdz": lambda mesh, name, _: write_usdz(mesh, name=name),
}


def convert_glb(glb: bytes, *, format: str, name: str, longest_edge_mm: float | None = None) -> bytes:
    """The model as ``glb`` (unchanged), ``obj`` (a zip), ``stl``, ``ply`` or ``usdz``; the same bytes every time.

    ``name`` names the files inside of archives. Only STL has a scale of its own: ``longest_edge_mm``.
    """
    if format == "glb":
        check_glb(glb)
        return glb
    writer = WRITERS.get(format)
    if writer is None:
        raise MeshError("conversion_unsupported", "Models are converted to OBJ, STL, PLY and USDZ only.")
    try:
        return writer(read_mesh(glb), name, longest_edge_mm)
    except MemoryError as error:
        raise MeshError(
            "conversion_failed", f"The model is too large to be converted to {format.upper()}.", "Download the GLB."
        ) from error
