"""What do Hunyuan's endpoints take, return and cost?"""

from __future__ import annotations

from decimal import Decimal

from .shape import (
    BOOLEAN,
    SEED,
    Arguments,
    Endpoint,
    Input,
    Pictures,
    choice,
    integer,
    is_on,
    number,
    picture,
)

_V2: dict[str, Input] = {
    "num_inference_steps": integer(1, 50),
    "guidance_scale": number(0, 20),
    "octree_resolution": integer(1, 1024),
    "textured_mesh": BOOLEAN,
    "seed": SEED,
}
_V2_OUTPUTS = {"model_mesh": "model", "seed": "seed"}
_V3_OUTPUTS = {"model_glb": "model", "model_urls": "model_urls", "thumbnail": "preview", "seed": "seed"}
_FACES = {"enable_pbr": BOOLEAN, "face_count": integer(40_000, 1_500_000)}
_STRICT = Pictures(least_side=128, most_side=5000, most_bytes=8 * 1024 * 1024)


def _views(*sides: str, required: bool = False) -> dict[str, Input]:
    return {f"{side}_image_url": picture(required=required) for side in sides}


def _count_textured(arguments: Arguments) -> Decimal:
    """A texture costs three times the bare mesh."""
    return Decimal(3 if is_on(arguments, "textured_mesh", default=False) else 1)


def _count_v3(arguments: Arguments) -> Decimal:
    return Decimal("1.4") if is_on(arguments, "enable_pbr", default=False) else Decimal(1)


def _build_v2(path: str, *, price: str, seconds: float, views: bool = False) -> Endpoint:
    pictures = _views("front", "back", "left", required=True) if views else {"input_image_url": picture()}
    return Endpoint(
        id=f"fal-ai/hunyuan3d/{path}", inputs={**pictures, **_V2}, outputs=_V2_OUTPUTS,
        unit_price=Decimal(price), units=_count_textured, seconds=seconds,
    )  # fmt: skip


HUNYUAN = (
    _build_v2("v2", price="0.16", seconds=90),
    _build_v2("v2/turbo", price="0.14", seconds=45),
    _build_v2("v2/mini", price="0.08", seconds=40),
    _build_v2("v2/mini/turbo", price="0.06", seconds=25),
    _build_v2("v2/multi-view", price="0.16", seconds=100, views=True),
    _build_v2("v2/multi-view/turbo", price="0.14", seconds=50, views=True),
    Endpoint(
        id="fal-ai/hunyuan3d-v21", inputs={"input_image_url": picture(), **_V2},
        outputs={"model_glb": "model", "model_glb_pbr": "?textured", "model_mesh": "assets", "seed": "seed"},
        unit_price=Decimal("0.05"), units=_count_textured, seconds=90,
    ),
    Endpoint(
        id="fal-ai/hunyuan3d-v3/image-to-3d",
        inputs={
            "input_image_url": picture(), **_views("back", "left", "right"), **_FACES,
            "generate_type": choice("Normal", "LowPoly", "Geometry"),
            "polygon_type": choice("triangle", "quadrilateral"),
        },
        outputs=_V3_OUTPUTS, unit_price=Decimal("0.375"), units=_count_v3, seconds=180,
    ),
    Endpoint(
        id="fal-ai/hunyuan-3d/v3.1/pro/image-to-3d",
        inputs={
            "input_image_url": picture(),
            **_views("back", "left", "right", "top", "bottom", "left_front", "right_front"), **_FACES,
            "generate_type": choice("Normal", "Geometry"),
        },
        outputs=_V3_OUTPUTS, unit_price=Decimal("0.375"), units=_count_v3, seconds=180, pictures=_STRICT,
    ),
    Endpoint(
        id="fal-ai/hunyuan-3d/v3.1/rapid/image-to-3d",
        inputs={"input_image_url": picture(), "enable_pbr": BOOLEAN, "enable_geometry": BOOLEAN},
        outputs={
            "model_glb": "model", "model_urls": "model_urls", "material_mtl": "?mtl", "texture": "?texture",
            "thumbnail": "preview",
        },
        unit_price=Decimal("0.225"), seconds=60, pictures=_STRICT,
    ),
)  # fmt: skip
