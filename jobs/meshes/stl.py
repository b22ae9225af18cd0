"""How is a mesh written as binary STL, ready for a slicer: millimetres, z up, standing on the plate?"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from .arrays import Floats
from .errors import MeshError
from .reader import Mesh

LONGEST_EDGE: Final = 100.0  # millimetres, as a model's true size is not known
HEADER: Final = b"Image2Model, millimetres".ljust(80)
TRIANGLE: Final = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def write_stl(mesh: Mesh, *, longest_edge_mm: float | None = None) -> bytes:
    """The triangles alone; the longest edge of the model's box gets the wanted length."""
    longest = LONGEST_EDGE if longest_edge_mm is None else longest_edge_mm
    if not 0 < longest <= 1e6:
        raise MeshError("conversion_failed", "The longest edge must lie between 0 and 1,000,000 millimetres.")
    corners = _stand(mesh.positions.astype(np.float64), longest=longest).astype(np.float32)[mesh.faces]
    triangles = np.zeros(len(corners), TRIANGLE)
    triangles["corners"] = corners
    triangles["normal"] = _find_normals(corners)
    return HEADER + np.uint32(len(triangles)).tobytes() + triangles.tobytes()


def _stand(points: npt.NDArray[np.float64], *, longest: float) -> npt.NDArray[np.float64]:
    """Y up becomes z up by a quarter turn; then the model is scaled, centred and put on the floor."""
    turned = np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1)
    low, high = turned.min(axis=0), turned.max(axis=0)
    foot = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    stood: npt.NDArray[np.float64] = (turned - foot) * (longest / (high - low).max())
    return stood


def _find_normals(corners: Floats) -> Floats:
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.sqrt(np.einsum("ij,ij->i", normals, normals))[:, None]
    units: Floats = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    return units
