"""How is a mesh written as USDZ, which iPhones place in the room at its true size?"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from .archive import make_safe_name, write_zip
from .errors import unsupported
from .materials import CLAMP, KTX2, MIRROR, Material, Texture
from .obj import find_file, name_textures, turn_upright
from .reader import Mesh, Part
from .text import Column, split_columns, write_rows
from .textures import decode_texture

ALIGNMENT: Final = 64  # where the data of each file begins, so that it can be mapped into memory
WRAPS: Final = {CLAMP: "clamp", MIRROR: "mirror"}

HEAD: Final = """#usda 1.0
(
    defaultPrim = "Model"
    doc = "Image2Model"
    metersPerUnit = 1
    upAxis = "Y"
)

def Xform "Model" (
    assetInfo = {{
        string name = "{name}"
    }}
    kind = "component"
)
{{
"""


def write_usdz(mesh: Mesh, *, name: str) -> bytes:
    """A stored zip of one text layer and its textures."""
    stem = make_safe_name(name)
    mesh = Mesh(parts=tuple(_use_known_texture(part) for part in mesh.parts))
    textures = name_textures(mesh, stem="texture")
    layer = b"".join(_write_layer(mesh, stem=stem, textures=textures))
    files = [(f"{stem}.usda", layer), *((f"textures/{file}", texture.data) for texture, file in textures)]
    return write_zip(files, stored=True, alignment=ALIGNMENT)


def _use_known_texture(part: Part) -> Part:
    """USDZ knows PNG and JPEG; WebP becomes PNG, which loses nothing."""
    texture = part.material.texture
    if texture is None or part.uvs is None or texture.mime in ("image/png", "image/jpeg"):
        return part
    if texture.mime == KTX2:
        raise unsupported("its texture is compressed as KTX2")
    out = io.BytesIO()
    Image.fromarray(decode_texture(texture)).save(out, "PNG", compress_level=4)
    known = Texture(data=out.getvalue(), mime="image/png", wrap=texture.wrap)
    return replace(part, material=replace(part.material, texture=known))


def _write_layer(mesh: Mesh, *, stem: str, textures: list[tuple[Texture, str]]) -> Iterator[bytes]:
    yield HEAD.format(name=stem).encode()
    for number, part in enumerate(mesh.parts):
        yield from _write_shape(part, number=number)
    yield b'    def Scope "Materials"\n    {\n'
    for number, part in enumerate(mesh.parts):
        file = find_file(part.material, textures=textures) if part.uvs is not None else None
        yield _write_material(part, number=number, file=file).encode()
    yield b"    }\n}\n"


def _write_shape(part: Part, *, number: int) -> Iterator[bytes]:
    low, high = part.positions.min(axis=0).tolist(), part.positions.max(axis=0).tolist()
    yield f"""    def Mesh "Part_{number}" (
        prepend apiSchemas = ["MaterialBindingAPI"]
    )
    {{
        uniform bool doubleSided = {int(part.material.double_sided)}
        float3[] extent = [({low[0]:.9g}, {low[1]:.9g}, {low[2]:.9g}), ({high[0]:.9g}, {high[1]:.9g}, {high[2]:.9g})]
        rel material:binding = </Model/Materials/Material_{number}>
        uniform token subdivisionScheme = "none"
""".encode()
    yield _write_array("int[] faceVertexCounts", np.full(len(part.faces), 3, np.int32))
    yield _write_array("int[] faceVertexIndices", part.faces.reshape(-1))
    yield _write_array("point3f[] points", part.positions)
    if part.normals is not None:
        yield _write_array("normal3f[] normals", part.normals, interpolation="vertex", significant=4)
    if part.uvs is not None:
        yield _write_array("texCoord2f[] primvars:st", turn_upright(part.uvs), interpolation="vertex")
    if part.colours is not None:
        yield _write_array("color3f[] primvars:displayColor", part.colours[:, :3], interpolation="vertex")
    yield b"    }\n\n"


def _write_array(
    declaration: str, values: npt.NDArray[Any], *, interpolation: str | None = None, significant: int = 7
) -> bytes:
    if values.ndim == 1:
        rows = write_rows([Column(values=values), b", "])
    else:
        fields: list[bytes | Column] = [b"("]
        for column in split_columns(values, significant=significant):
            fields += [column, b", "]
        rows = write_rows([*fields[:-1], b"), "])
    hint = f' (\n            interpolation = "{interpolation}"\n        )' if interpolation else ""
    return f"        {declaration} = [".encode() + rows[:-2] + f"]{hint}\n".encode()


def _write_material(part: Part, *, number: int, file: str | None) -> str:
    material, path = part.material, f"/Model/Materials/Material_{number}"
    red, green, blue, alpha = material.colour
    if file is not None:
        surface = f"color3f inputs:diffuseColor.connect = <{path}/Texture.outputs:rgb>"
    elif part.colours is not None:
        surface = f"color3f inputs:diffuseColor.connect = <{path}/Colour.outputs:result>"
    else:
        surface = f"color3f inputs:diffuseColor = ({red:.6g}, {green:.6g}, {blue:.6g})"
    readers = _write_texture(material, path=path, file=file) if file is not None else _write_colours(part)
    opacity = f"float inputs:opacity = {alpha if material.alpha_mode == 'BLEND' else 1.0:.6g}"
    if file is not None and material.alpha_mode != "OPAQUE":
        opacity = f"float inputs:opacity.connect = <{path}/Texture.outputs:a>"
    threshold = material.alpha_cutoff if material.alpha_mode == "MASK" else 0.0
    return f"""        def Material "Material_{number}"
        {{
            token outputs:surface.connect = <{path}/Surface.outputs:surface>

            def Shader "Surface"
            {{
                uniform token info:id = "UsdPreviewSurface"
                {surface}
                float inputs:metallic = {material.metallic:.6g}
                {opacity}
                float inputs:opacityThreshold = {threshold:.6g}
                float inputs:roughness = {material.roughness:.6g}
                int inputs:useSpecularWorkflow = 0
                token outputs:surface
            }}
{readers}        }}

"""


def _write_texture(material: Material, *, path: str, file: str) -> str:
    assert material.texture is not None
    across, down = (WRAPS.get(wrap, "repeat") for wrap in material.texture.wrap)
    scale = ", ".join(f"{value:.6g}" for value in material.colour)
    return f"""
            def Shader "Coordinates"
            {{
                uniform token info:id = "UsdPrimvarReader_float2"
                string inputs:varname = "st"
                float2 outputs:result
            }}

            def Shader "Texture"
            {{
                uniform token info:id = "UsdUVTexture"
                asset inputs:file = @textures/{file}@
                float4 inputs:scale = ({scale})
                token inputs:sourceColorSpace = "sRGB"
                float2 inputs:st.connect = <{path}/Coordinates.outputs:result>
                token inputs:wrapS = "{across}"
                token inputs:wrapT = "{down}"
                float outputs:a
                float3 outputs:rgb
            }}
"""


def _write_colours(part: Part) -> str:
    if part.colours is None:
        return ""
    return """
            def Shader "Colour"
            {
                uniform token info:id = "UsdPrimvarReader_float3"
                string inputs:varname = "displayColor"
                float3 outputs:result
            }
"""
