"""Is this model sound, and what is in it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .buffers import Accessor, read_accessors, read_views
from .container import open_container
from .contents import check_contents
from .errors import invalid_glb, unsupported
from .fields import read_names, read_object
from .materials import Material, read_materials, read_textures
from .scene import Draw, read_draws

# What a file may require of us and still be converted: the rest changes where the surface lies.
KNOWN_EXTENSIONS: Final = frozenset(
    {
        "EXT_texture_webp",
        "KHR_materials_anisotropy",
        "KHR_materials_clearcoat",
        "KHR_materials_dispersion",
        "KHR_materials_emissive_strength",
        "KHR_materials_ior",
        "KHR_materials_iridescence",
        "KHR_materials_pbrSpecularGlossiness",
        "KHR_materials_sheen",
        "KHR_materials_specular",
        "KHR_materials_transmission",
        "KHR_materials_unlit",
        "KHR_materials_volume",
        "KHR_mesh_quantization",
        "KHR_texture_basisu",
        "KHR_texture_transform",
    }
)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A model whose every reference, range and number has been checked."""

    accessors: list[Accessor]
    materials: list[Material]
    draws: list[Draw]
    required: frozenset[str]


def check_glb(data: bytes) -> None:
    """Refuse whatever is not a sound, self-contained model of at least one triangle.

    An unknown required extension is no fault: such a file can be delivered, though not converted.
    """
    open_document(data)


def open_document(data: bytes) -> Document:
    """Check a model and describe it."""
    container = open_container(data)
    tree = container.tree
    if not str(read_object(tree, "asset", where="the file").get("version", "")).startswith("2"):
        raise invalid_glb("its glTF version is not 2")
    views = read_views(tree, binary=container.binary)
    accessors = read_accessors(tree, views=views)
    materials = read_materials(tree, textures=read_textures(tree, views=views))
    draws = read_draws(tree, accessors=accessors, materials=len(materials))
    check_contents(draws, accessors=accessors)
    return Document(
        accessors=accessors, materials=materials, draws=draws, required=read_names(tree, "extensionsRequired")
    )


def require_readable(document: Document) -> None:
    """Refuse to convert what we would convert wrongly."""
    unknown = sorted(document.required - KNOWN_EXTENSIONS)
    if unknown:
        raise unsupported(f"it needs {', '.join(unknown)[:200]}")
    for draw in document.draws:
        numbers = [*draw.primitive.attributes.values()]
        if draw.primitive.indices is not None:
            numbers.append(draw.primitive.indices)
        columns = [document.accessors[number].column for number in numbers]
        if draw.primitive.packed or any(column is not None and column.view.data is None for column in columns):
            raise unsupported("its geometry is compressed")
