"""What do Rodin's endpoints take, return and cost?"""

from __future__ import annotations

from decimal import Decimal

from .shape import BOOLEAN, OBJECT, TEXT, Arguments, Endpoint, Input, choice, integer, picture_list

_PRICE = Decimal("0.40")
_FORMATS = choice("glb", "usdz", "fbx", "obj", "stl")
_QUALITY = (
    "4K Quad", "8K Quad", "18K Quad", "50K Quad", "2K Triangle", "20K Triangle", "150K Triangle", "500K Triangle",
)  # fmt: skip
_COMMON: dict[str, Input] = {
    "prompt": TEXT,
    "geometry_file_format": _FORMATS,
    "TAPose": BOOLEAN,
    "seed": integer(0, 65_535),
}
_TIERS = tuple(f"Gen-2.5-{name}" for name in ("Minimum", "Low", "Medium", "High", "Extreme-High"))
_OUTPUTS = {"model_mesh": "model", "textures": "textures", "seed": "seed"}
_V25: dict[str, Input] = {
    "image_urls": picture_list(1, 5),
    **_COMMON,
    "tier": choice(*_TIERS),
    "quality_mesh_option": choice("Auto", *_QUALITY, "1M Triangle", "2M Triangle"),
    "material": choice("PBR", "Shaded", "All", "None"),
    "addons": OBJECT,
    "bbox_condition": OBJECT,
    "hd_texture": BOOLEAN,
    "texture_mode": TEXT,
    "texture_delight": BOOLEAN,
    "is_micro": BOOLEAN,
    "enable_creative_mode": BOOLEAN,
    "preview_render": BOOLEAN,
    "use_original_alpha": BOOLEAN,
}


def _name_format(arguments: Arguments) -> str:
    return str(arguments.get("geometry_file_format") or "glb")


def _count_pack(arguments: Arguments) -> Decimal:
    return Decimal(3 if arguments.get("addons") else 1)


def _count_v25(arguments: Arguments) -> Decimal:
    addons = arguments.get("addons")
    packed = isinstance(addons, dict) and bool(addons.get("high_pack"))
    extreme = arguments.get("tier") == "Gen-2.5-Extreme-High"
    return Decimal((2 if extreme else 1) + (2 if packed else 0))


RODIN = (
    Endpoint(
        id="fal-ai/hyper3d/rodin",
        inputs={
            "input_image_urls": picture_list(1, 5), **_COMMON, "condition_mode": choice("fuse", "concat"),
            "material": choice("PBR", "Shaded"), "quality": choice("high", "medium", "low", "extra-low"),
            "tier": choice("Regular", "Sketch"), "use_hyper": BOOLEAN, "addons": choice("HighPack"),
            "bbox_condition": Input(kind="object"),
        },
        outputs=_OUTPUTS, unit_price=_PRICE, units=_count_pack, seconds=180, model_format=_name_format,
    ),
    Endpoint(
        id="fal-ai/hyper3d/rodin/v2",
        inputs={
            "input_image_urls": picture_list(1, 5), **_COMMON, "material": choice("PBR", "Shaded", "All"),
            "quality_mesh_option": choice(*_QUALITY), "preview_render": BOOLEAN, "use_original_alpha": BOOLEAN,
            "addons": choice("HighPack"), "bbox_condition": OBJECT,
        },
        outputs={**_OUTPUTS, "model_meshes": "models"}, unit_price=_PRICE, units=_count_pack, seconds=120,
        model_format=_name_format,
    ),
    Endpoint(
        id="fal-ai/hyper3d/rodin/v2.5", inputs=_V25, outputs={**_OUTPUTS, "model_meshes": "models"},
        unit_price=_PRICE, units=_count_v25, seconds=120, model_format=_name_format,
    ),
    Endpoint(
        id="fal-ai/hyper3d/rodin/v2.5/fast", inputs=_V25, outputs={**_OUTPUTS, "model_meshes": "models"},
        unit_price=_PRICE, units=_count_v25, seconds=45, model_format=_name_format,
    ),
)  # fmt: skip
