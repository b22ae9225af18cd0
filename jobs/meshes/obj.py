"""How is a mesh written as Wavefront OBJ: a zip of shapes, materials and textures as they came?"""

from __future__ import annotations

from typing import Final

import numpy as np

from .archive import make_safe_name, write_zip
from .arrays import Floats
from .materials import Material, Texture
from .reader import Mesh, Part
from .text import Column, split_columns, write_rows
from .textures import to_srgb

SIGNIFICANT: Final = {"v": 7, "vt": 6, "vn": 4}  # digits that make a visible difference
SUFFIXES: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/ktx2": "ktx2"}


def write_obj(mesh: Mesh, *, name: str) -> bytes:
    """A zip of ``name.obj``, ``name.mtl`` and each texture in its original encoding."""
    stem = make_safe_name(name)
    textures = name_textures(mesh, stem=stem)
    shapes = [f"mtllib {stem}.mtl\no {stem}\n".encode()]
    starts = {"v": 1, "vt": 1, "vn": 1}
    for number, part in enumerate(mesh.parts):
        shapes.append(f"g part_{number}\nusemtl material_{number}\n".encode())
        shapes.extend(_write_part(part, starts=starts))
    files = [(f"{stem}.obj", b"".join(shapes)), (f"{stem}.mtl", _write_materials(mesh, textures=textures))]
    return write_zip([*files, *((file, texture.data) for texture, file in textures)])


def name_textures(mesh: Mesh, *, stem: str) -> list[tuple[Texture, str]]:
    """Every texture once, with a file name."""
    found: list[Texture] = []
    for part in mesh.parts:
        texture = part.material.texture
        if part.uvs is not None and texture is not None and not any(texture.data is other.data for other in found):
            found.append(texture)
    ends = ["", *(f"_{number}" for number in range(1, len(found)))]
    return [(texture, f"{stem}{end}.{SUFFIXES[texture.mime]}") for texture, end in zip(found, ends, strict=False)]


def find_file(material: Material, *, textures: list[tuple[Texture, str]]) -> str | None:
    """The file name of a material's texture."""
    wanted = material.texture
    return next((file for texture, file in textures if wanted is not None and texture.data is wanted.data), None)


def turn_upright(uvs: Floats) -> Floats:
    """Texture coordinates that count from the bottom, as OBJ and USD do, and not from the top."""
    return np.stack([uvs[:, 0], 1 - uvs[:, 1]], axis=1)


def _write_part(part: Part, *, starts: dict[str, int]) -> list[bytes]:
    """Shapes of one part; ``starts`` counts on, as OBJ numbers its vertices through the whole file."""
    tables = {"v": part.positions}
    if part.uvs is not None:
        tables["vt"] = turn_upright(part.uvs)
    if part.normals is not None:
        tables["vn"] = part.normals
    blocks = [
        _write_table(kind, table, colours=part.colours if kind == "v" else None) for kind, table in tables.items()
    ]
    blocks.append(_write_faces(part, starts={kind: starts[kind] for kind in tables}))
    for kind, table in tables.items():
        starts[kind] += len(table)
    return blocks


def _write_table(kind: str, table: Floats, *, colours: Floats | None) -> bytes:
    columns = split_columns(table, significant=SIGNIFICANT[kind])
    if colours is not None:  # not in the format's paper, but read by most programs
        columns += [Column(values=colours[:, place], decimals=4) for place in range(3)]
    fields: list[bytes | Column] = [kind.encode()]
    for column in columns:
        fields += [b" ", column]
    return write_rows([*fields, b"\n"])


def _write_faces(part: Part, *, starts: dict[str, int]) -> bytes:
    """Three corners, each as vertex/texture/normal; equal numbers are one column, written once."""
    fields: list[bytes | Column] = [b"f"]
    separators = {"vt": b"/", "vn": b"/" if "vt" in starts else b"//"}
    for place in range(3):
        columns = {start: Column(values=part.faces[:, place] + np.int32(start)) for start in set(starts.values())}
        fields += [b" ", columns[starts["v"]]]
        for kind in [kind for kind in ("vt", "vn") if kind in starts]:
            fields += [separators[kind], columns[starts[kind]]]
    return write_rows([*fields, b"\n"])


def _write_materials(mesh: Mesh, *, textures: list[tuple[Texture, str]]) -> bytes:
    lines = []
    for number, part in enumerate(mesh.parts):
        red, green, blue = to_srgb(np.array(part.material.colour[:3])) / 255
        lines += [f"newmtl material_{number}", f"Kd {red:.4f} {green:.4f} {blue:.4f}", "Ks 0 0 0", "illum 1"]
        lines.append(f"d {part.material.colour[3]:.4f}")
        file = find_file(part.material, textures=textures) if part.uvs is not None else None
        if file is not None:
            lines.append(f"map_Kd {file}")
        lines.append("")
    return "\n".join(lines).encode()
