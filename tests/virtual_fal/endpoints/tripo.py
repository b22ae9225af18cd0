"""What do Tripo's endpoints take, return and cost? Priced in credits of one cent."""

from __future__ import annotations

from decimal import Decimal

from .shape import BOOLEAN, SEED, Arguments, Endpoint, Input, choice, integer, is_on, number, picture, picture_list

_CENT = Decimal("0.01")
_ALIGNMENT = {
    "texture_alignment": choice("original_image", "geometry"),
    "orientation": choice("default", "align_image"),
    "face_limit": integer(1),
    "quad": BOOLEAN,
    "auto_size": BOOLEAN,
}
_V25: dict[str, Input] = {
    "texture": choice("no", "standard", "HD"),
    "pbr": BOOLEAN,
    "seed": SEED,
    "texture_seed": SEED,
    **_ALIGNMENT,
}
_H31: dict[str, Input] = {
    "texture": BOOLEAN,
    "pbr": BOOLEAN,
    "texture_quality": choice("standard", "detailed"),
    "geometry_quality": choice("standard", "detailed"),
    "model_seed": SEED,
    "texture_seed": SEED,
    **_ALIGNMENT,
}
_V25_OUTPUTS = {
    "task_id": "task_id",
    "model_mesh": "model",
    "base_model": "?untextured",
    "rendered_image": "preview",
}
_H31_OUTPUTS = {"model_mesh": "model", "model_urls": "model_urls", "rendered_image": "preview"}


def _count_v25(arguments: Arguments) -> Decimal:
    texture = arguments.get("texture") or "standard"
    if texture == "no" and is_on(arguments, "pbr", default=True):
        texture = "standard"  # PBR forces a texture
    credits = {"no": 20, "standard": 30, "HD": 40}.get(texture, 30)
    return Decimal(credits + (5 if is_on(arguments, "quad", default=False) else 0))


def _count_h31(arguments: Arguments) -> Decimal:
    textured = is_on(arguments, "texture", default=True) or is_on(arguments, "pbr", default=True)
    credits = 20
    if textured:
        credits = 40 if arguments.get("texture_quality") == "detailed" else 30
    credits += 20 if arguments.get("geometry_quality") == "detailed" else 0
    return Decimal(credits + (5 if is_on(arguments, "quad", default=False) else 0))


def _name_format(arguments: Arguments) -> str:
    return "fbx" if is_on(arguments, "quad", default=False) else "glb"


_VIEWS = {
    "front_image_url": picture(),
    **{f"{side}_image_url": picture(required=False) for side in ("left", "back", "right")},
}

TRIPO = (
    Endpoint(
        id="tripo3d/tripo/v2.5/image-to-3d", inputs={"image_url": picture(), **_V25}, outputs=_V25_OUTPUTS,
        unit="credits", unit_price=_CENT, units=_count_v25, seconds=90, model_format=_name_format,
    ),
    Endpoint(
        id="tripo3d/tripo/v2.5/multiview-to-3d", inputs={**_VIEWS, **_V25}, outputs=_V25_OUTPUTS,
        unit="credits", unit_price=_CENT, units=_count_v25, seconds=110, model_format=_name_format,
    ),
    Endpoint(
        id="tripo3d/h3.1/image-to-3d", inputs={"image_url": picture(), **_H31}, outputs=_H31_OUTPUTS,
        unit="credits", unit_price=_CENT, units=_count_h31, seconds=90, model_format=_name_format,
    ),
    Endpoint(
        id="tripo3d/h3.1/multiview-to-3d", inputs={"image_urls": picture_list(2, 4), **_H31}, outputs=_H31_OUTPUTS,
        unit="credits", unit_price=_CENT, units=_count_h31, seconds=110, model_format=_name_format,
    ),
    Endpoint(
        id="tripo3d/p1/image-to-3d",
        inputs={
            "image_url": picture(), "face_limit": integer(48, 20_000), "texture": BOOLEAN, "model_seed": SEED,
        },
        outputs=_H31_OUTPUTS, unit="credits", unit_price=_CENT, seconds=60,
        units=lambda arguments: Decimal(50 if is_on(arguments, "texture", default=True) else 40),
    ),
    Endpoint(
        id="tripo3d/triposplat",
        inputs={
            "image_url": picture(), "num_gaussians": integer(32_768, 262_144), "num_inference_steps": integer(1, 50),
            "guidance_scale": number(0, 10), "output_format": choice("ply", "splat"), "seed": SEED,
            "enable_safety_checker": BOOLEAN,
        },
        outputs={
            "model_mesh": "model", "preprocessed_image": "preview", "num_gaussians": "number", "seed": "seed",
            "timings": "timings",
        },
        unit_price=Decimal("0.05"), seconds=30,
        model_format=lambda arguments: str(arguments.get("output_format") or "ply"),
    ),
)  # fmt: skip
