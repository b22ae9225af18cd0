"""In which file formats can a model be had?"""

from __future__ import annotations

from dataclasses import dataclass

from jobs.errors import JobError


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format that a model can be had in."""

    id: str
    name: str
    extension: str
    content_type: str
    about: str


FORMATS: dict[str, Format] = {
    entry.id: entry
    for entry in (
        Format(id="glb", name="GLB", extension=".glb", content_type="model/gltf-binary",
               about="Web, AR, game engines, Blender; one file with texture."),
        Format(id="obj", name="OBJ", extension=".obj.zip", content_type="application/zip",
               about="Older 3D programs; a zip with material and texture."),
        Format(id="stl", name="STL", extension=".stl", content_type="model/stl",
               about="3D printing; millimetres, standing on the bed, no colour."),
        Format(id="ply", name="PLY", extension=".ply", content_type="model/ply",
               about="Scanning and research tools; colour at each vertex."),
        Format(id="usdz", name="USDZ", extension=".usdz", content_type="model/vnd.usdz+zip",
               about="AR on iPhone and iPad."),
    )
}  # fmt: skip
MADE_FORMATS = tuple(name for name in FORMATS if name != "glb")  # converted from the GLB


def check_formats(names: list[str]) -> list[str]:
    """Extra formats in their usual order, each once, or ``JobError``."""
    for name in names:
        if name not in FORMATS:
            raise JobError("invalid_parameter", f"There is no format {name!r}.",
                           hint=f"Use any of: {', '.join(FORMATS)}.", details={"parameter": "formats"})  # fmt: skip
    return [name for name in MADE_FORMATS if name in names]
