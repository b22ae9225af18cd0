"""What is known of a finished model?"""

from __future__ import annotations

from dataclasses import dataclass

Bounds = dict[str, list[float]]  # "min", "max" and "size", each [x, y, z] in metres


@dataclass(frozen=True, kw_only=True)
class MeshFacts:
    """Facts of a model; None where they cannot be known because its geometry is compressed."""

    faces: int
    vertices: int
    watertight: bool | None
    bounds: Bounds | None
