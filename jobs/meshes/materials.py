"""How does the surface of a model look: pictures, textures and materials?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .buffers import View, decode_data_uri
from .container import MAX_BYTES
from .errors import invalid_glb, too_complex
from .fields import Fields, read_index, read_integer, read_number, read_numbers, read_object, read_objects

KTX2: Final = "image/ktx2"
COORDINATE_SETS: Final = 8  # of texture coordinates; generated models have one or two
REPEAT: Final = 10497
CLAMP: Final = 33071
MIRROR: Final = 33648

Colour = tuple[float, float, float, float]
Matrix23 = tuple[tuple[float, float, float], tuple[float, float, float]]

TEXTURE_FIELDS: Final = ("normalTexture", "occlusionTexture", "emissiveTexture")
PBR_TEXTURE_FIELDS: Final = ("baseColorTexture", "metallicRoughnessTexture")


@dataclass(frozen=True, kw_only=True)
class Texture:
    """An encoded picture, exactly as the model holds it, and what happens beyond its edges."""

    data: bytes = field(repr=False)
    mime: str
    wrap: tuple[int, int] = (REPEAT, REPEAT)


@dataclass(frozen=True, kw_only=True)
class Material:
    """What we use of a surface's description. ``colour`` is linear and multiplies the texture."""

    colour: Colour = (1.0, 1.0, 1.0, 1.0)
    texture: Texture | None = None
    coordinates: int = 0  # which set of texture coordinates
    placement: Matrix23 | None = None  # moves, turns and scales those coordinates
    metallic: float = 1.0
    roughness: float = 1.0
    double_sided: bool = False
    unlit: bool = False
    alpha_mode: str = "OPAQUE"
    alpha_cutoff: float = 0.5


def read_textures(tree: Fields, *, views: Sequence[View]) -> list[Texture | None]:
    """All textures; None for one that names no picture."""
    images = _read_images(tree, views=views)
    wraps = [_read_wrap(entry) for entry in read_objects(tree, "samplers", where="")]
    found: list[Texture | None] = []
    for number, entry in enumerate(read_objects(tree, "textures", where="")):
        where = f"texture {number}"
        source = _read_source(entry, images=images, where=where)
        sampler = read_index(entry, "sampler", where=where, size=len(wraps))
        wrap = (REPEAT, REPEAT) if sampler is None else wraps[sampler]
        found.append(None if source is None else Texture(data=images[source][0], mime=images[source][1], wrap=wrap))
    return found


def read_materials(tree: Fields, *, textures: Sequence[Texture | None]) -> list[Material]:
    """All materials."""
    entries = read_objects(tree, "materials", where="")
    return [
        _read_material(entry, textures=textures, where=f"material {number}") for number, entry in enumerate(entries)
    ]


def find_mime(data: bytes) -> str | None:
    """What kind of picture these bytes are, by themselves; None if none that a model may hold."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return KTX2 if data.startswith(b"\xabKTX 20\xbb\r\n\x1a\n") else None


def _read_images(tree: Fields, *, views: Sequence[View]) -> list[tuple[bytes, str]]:
    images, total = [], 0
    for number, entry in enumerate(read_objects(tree, "images", where="")):
        images.append(_read_image(entry, views=views, where=f"image {number}"))
        total += len(images[-1][0])
        if total > MAX_BYTES:  # many pictures may claim the same bytes, and each is a copy
            raise too_complex("its pictures overlap")
    return images


def _read_image(entry: Fields, *, views: Sequence[View], where: str) -> tuple[bytes, str]:
    number = read_index(entry, "bufferView", where=where, size=len(views))
    data = decode_data_uri(entry.get("uri"), where=where) if number is None else views[number].data
    if data is None:
        raise invalid_glb(f"{where} has no bytes")
    encoded = bytes(data)
    mime = find_mime(encoded)
    if mime is None:
        raise invalid_glb(f"{where} is not a PNG, JPEG, WebP or KTX2 picture")
    return encoded, mime


def _read_wrap(entry: Fields) -> tuple[int, int]:
    found = [read_integer(entry, key, where="a sampler", default=REPEAT) for key in ("wrapS", "wrapT")]
    if not {REPEAT, CLAMP, MIRROR}.issuperset(found):
        raise invalid_glb("a sampler wraps in an unknown way")
    return found[0], found[1]


def _read_source(entry: Fields, *, images: Sequence[tuple[bytes, str]], where: str) -> int | None:
    """The picture of a texture. A plain one goes before one of an extension, KTX2 comes last: few can read it."""
    extensions = read_object(entry, "extensions", where=where)
    holders = [entry, *(read_object(extensions, n, where=where) for n in ("EXT_texture_webp", "KHR_texture_basisu"))]
    found = [read_index(holder, "source", where=where, size=len(images)) for holder in holders]
    present = [number for number in found if number is not None]
    return min(present, key=lambda number: images[number][1] == KTX2, default=None)


@dataclass(frozen=True, kw_only=True)
class _Paint:
    """What gives a surface its colour."""

    picture: Fields
    colour: list[float]
    unlit: bool


def _read_material(entry: Fields, *, textures: Sequence[Texture | None], where: str) -> Material:
    surface = read_object(entry, "pbrMetallicRoughness", where=where)
    for holder, keys in ((entry, TEXTURE_FIELDS), (surface, PBR_TEXTURE_FIELDS)):
        for key in keys:
            read_index(read_object(holder, key, where=where), "index", where=where, size=len(textures))
    paint = _find_paint(entry, surface=surface, where=where)
    number = read_index(paint.picture, "index", where=where, size=len(textures))
    coordinates, placement = _read_placement(paint.picture, where=where)
    red, green, blue, alpha = (min(max(value, 0.0), 1.0) for value in paint.colour)
    alpha_mode = entry.get("alphaMode", "OPAQUE")
    return Material(
        colour=(red, green, blue, alpha),
        texture=None if number is None else textures[number],
        coordinates=coordinates,
        placement=placement,
        metallic=min(max(read_number(surface, "metallicFactor", where=where, default=1.0), 0.0), 1.0),
        roughness=min(max(read_number(surface, "roughnessFactor", where=where, default=1.0), 0.0), 1.0),
        double_sided=entry.get("doubleSided") is True,
        unlit=paint.unlit,
        alpha_mode=alpha_mode if alpha_mode in ("MASK", "BLEND") else "OPAQUE",
        alpha_cutoff=read_number(entry, "alphaCutoff", where=where, default=0.5),
    )


def _find_paint(entry: Fields, *, surface: Fields, where: str) -> _Paint:
    """The base colour; without one, the older way of saying it, or the light of a surface that only glows."""
    extensions = read_object(entry, "extensions", where=where)
    unlit = "KHR_materials_unlit" in extensions
    picture = read_object(surface, "baseColorTexture", where=where)
    colour = read_numbers(surface, "baseColorFactor", where=where, length=4)
    older = read_object(extensions, "KHR_materials_pbrSpecularGlossiness", where=where)
    if older and not picture and colour is None:
        return _Paint(
            picture=read_object(older, "diffuseTexture", where=where),
            colour=read_numbers(older, "diffuseFactor", where=where, length=4) or [1.0] * 4,
            unlit=unlit,
        )
    glow = read_object(entry, "emissiveTexture", where=where)
    strength = read_numbers(entry, "emissiveFactor", where=where, length=3) or [0.0] * 3
    if glow and not picture and max(strength) > 0:
        return _Paint(picture=glow, colour=[*strength, 1.0 if colour is None else colour[3]], unlit=True)
    return _Paint(picture=picture, colour=colour or [1.0] * 4, unlit=unlit)


def _read_placement(picture: Fields, *, where: str) -> tuple[int, Matrix23 | None]:
    coordinates = _read_set(picture, default=0, where=where)
    extensions = read_object(picture, "extensions", where=where)
    if "KHR_texture_transform" not in extensions:
        return coordinates, None
    change = read_object(extensions, "KHR_texture_transform", where=where)
    u, v = read_numbers(change, "offset", where=where, length=2) or [0.0, 0.0]
    wide, high = read_numbers(change, "scale", where=where, length=2) or [1.0, 1.0]
    angle = read_number(change, "rotation", where=where, default=0.0)
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = ((cos * wide, sin * high, u), (-sin * wide, cos * high, v))
    return _read_set(change, default=coordinates, where=where), matrix


def _read_set(holder: Fields, *, default: int, where: str) -> int:
    number = read_integer(holder, "texCoord", where=where, default=default)
    if number >= COORDINATE_SETS:
        raise invalid_glb(f"texCoord of {where} is {number}")
    return number
