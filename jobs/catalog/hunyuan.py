"""What do the Hunyuan3D engines at FAL take, return and cost?"""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog.entry import LOW_POLY, QUALITY, EngineEntry, PictureLimits, Surcharge
from jobs.catalog.options import Option
from jobs.catalog.usual_options import (
    ENGINES_OWN,
    SEE_MODEL_PAGE,
    make_choice,
    make_face_limit,
    make_seed,
    make_switch,
    make_texture,
)

_LICENCE = f"{SEE_MODEL_PAGE} Hunyuan3D's community licence, of its open weights, excludes the EU, UK and South Korea."
_BADGE = "Excludes EU, UK, South Korea"
_UNKNOWN_PRICE = "Not published where we could read it; FAL's bill decides."

_V2_OPTIONS = (
    make_texture({"standard": True, "none": False}, key="textured_mesh",
                 about="none: the bare shape, at a third of the price."),
    make_seed(),
    Option(name="num_inference_steps", type="integer", minimum=1, maximum=50, label="Steps",
           about=f"More steps take longer and may show finer detail. {ENGINES_OWN}"),
    Option(name="guidance_scale", type="number", minimum=0, maximum=20, label="Guidance",
           about=f"How closely the shape keeps to the picture. {ENGINES_OWN}"),
    Option(name="octree_resolution", type="integer", minimum=64, maximum=1_024, label="Resolution",
           about=f"Of the grid that the shape is made in. {ENGINES_OWN}"),
)  # fmt: skip
_TURBO_PRICE = Decimal("0.42")  # three times the bare shape, which is $0.14
_BARE_TURBO = Surcharge(option="texture", value="none", amount=Decimal("-0.28"))

_PBR_ABOUT = "Metal, roughness and normal maps beside the colour."
_PBR_PRICE = Surcharge(option="pbr", value=True, amount=Decimal("0.15"))
_FACE_COUNT = make_face_limit("face_count", minimum=40_000, maximum=1_500_000)
_V31_LIMITS = PictureLimits(min_side=128, max_side=5_000, max_bytes=8 * 1024 * 1024)
_V3_OUTPUTS = ("model_glb", "model_urls.glb", "model_urls.obj")
_V3_VIEWS = ("back", "left", "right")
_V31_VIEWS = (*_V3_VIEWS, "top", "bottom", "left_front", "right_front")


def _name_keys(*further: str) -> dict[str, str]:
    return {"front": "input_image_url", **{view: f"{view}_image_url" for view in further}}


HUNYUAN_ENGINES = (
    EngineEntry(
        id="hunyuan3d-v2",
        name="Hunyuan3D v2",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hunyuan3d/v2",
        about="Solid shapes of single objects, with a texture if asked for.",
        options=_V2_OPTIONS,
        typical_seconds=120,
        price_note=f"{_UNKNOWN_PRICE} A texture costs three times the bare shape.",
        licence=_LICENCE, licence_badge=_BADGE,
        image_key="input_image_url",
        output_keys=("model_mesh",),
    ),
    EngineEntry(
        id="hunyuan3d-v2-turbo",
        name="Hunyuan3D v2 Turbo",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hunyuan3d/v2/turbo",
        about="Hunyuan3D v2 in less time.",
        options=_V2_OPTIONS,
        typical_seconds=60,
        price=_TURBO_PRICE, surcharges=(_BARE_TURBO,),
        price_note="About this, as users of FAL report it; FAL's bill decides.",
        licence=_LICENCE, licence_badge=_BADGE,
        image_key="input_image_url",
        output_keys=("model_mesh",),
    ),
    EngineEntry(
        id="hunyuan3d-v2-mini",
        name="Hunyuan3D v2 Mini",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hunyuan3d/v2/mini",
        about="The small Hunyuan3D v2: less detail, less waiting.",
        options=_V2_OPTIONS,
        typical_seconds=60,
        price_note=f"{_UNKNOWN_PRICE} A texture costs three times the bare shape.",
        licence=_LICENCE, licence_badge=_BADGE,
        image_key="input_image_url",
        output_keys=("model_mesh",),
    ),
    EngineEntry(
        id="hunyuan3d-v2-multiview",
        name="Hunyuan3D v2 multi-view",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hunyuan3d/v2/multi-view",
        about="One object from exactly three pictures: front, left and back.",
        options=_V2_OPTIONS,
        typical_seconds=120,
        price_note=f"{_UNKNOWN_PRICE} A texture costs three times the bare shape.",
        licence=_LICENCE, licence_badge=_BADGE,
        view_keys={view: f"{view}_image_url" for view in ("front", "left", "back")},
        required_views=("front", "left", "back"), min_images=3, max_images=3,
        output_keys=("model_mesh",),
    ),
    EngineEntry(
        id="hunyuan3d-v3",
        name="Hunyuan3D v3",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hunyuan3d-v3/image-to-3d",
        about="Large, detailed models from one picture or up to four sides.",
        good_for=(QUALITY, LOW_POLY),
        options=(
            _FACE_COUNT,
            make_switch("pbr", key="enable_pbr", label="PBR materials", about=f"{_PBR_ABOUT} It costs more.",
                        only_with={"generate_type": ("Normal", "LowPoly")}),
            make_choice("generate_type", "Normal", "LowPoly", "Geometry", label="Kind",
                        about="Normal: with texture; LowPoly: few, tidy faces; Geometry: the bare shape."),
            make_choice("polygon_type", "triangle", "quadrilateral", label="Faces",
                        only_with={"generate_type": ("LowPoly",)}, about="Of LowPoly models."),
        ),
        typical_seconds=180,
        price=Decimal("0.375"), surcharges=(_PBR_PRICE,),
        price_note="As users of FAL report it; FAL's bill decides.",
        licence=_LICENCE, licence_badge=_BADGE,
        view_keys=_name_keys(*_V3_VIEWS), max_images=4,
        output_keys=_V3_OUTPUTS, preview_keys=("thumbnail",),
    ),
    EngineEntry(
        id="hunyuan3d-v3.1-pro",
        name="Hunyuan3D v3.1 Pro",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hunyuan-3d/v3.1/pro/image-to-3d",
        about="The most detailed Hunyuan3D, from one picture or up to eight sides.",
        good_for=(QUALITY,),
        options=(
            _FACE_COUNT,
            make_switch("pbr", key="enable_pbr", label="PBR materials", about=_PBR_ABOUT,
                        only_with={"generate_type": ("Normal",)}),
            make_choice("generate_type", "Normal", "Geometry", label="Kind",
                        about="Normal: with texture; Geometry: the bare shape."),
        ),
        typical_seconds=180,
        price_note=f"{_UNKNOWN_PRICE} Expected near that of Hunyuan3D v3.",
        licence=_LICENCE, licence_badge=_BADGE,
        view_keys=_name_keys(*_V31_VIEWS), max_images=8, picture_limits=_V31_LIMITS,
        output_keys=_V3_OUTPUTS, preview_keys=("thumbnail",),
    ),
    EngineEntry(
        id="hunyuan3d-v3.1-rapid",
        name="Hunyuan3D v3.1 Rapid",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hunyuan-3d/v3.1/rapid/image-to-3d",
        about="Hunyuan3D v3.1 with less waiting.",
        note="Where FAL returns no GLB but an OBJ, that is kept as it comes: no preview, no other formats.",
        options=(
            make_switch("pbr", key="enable_pbr", label="PBR materials", about=_PBR_ABOUT,
                        only_with={"enable_geometry": (False,)}),
            make_switch("enable_geometry", label="Bare shape", about="Without a texture."),
        ),
        typical_seconds=90,
        price_note=f"{_UNKNOWN_PRICE} Users report $0.225 for the engine from text.",
        licence=_LICENCE, licence_badge=_BADGE,
        image_key="input_image_url", picture_limits=_V31_LIMITS,
        output_keys=_V3_OUTPUTS, preview_keys=("thumbnail",),
    ),
)  # fmt: skip
