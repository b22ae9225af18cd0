"""What do Tripo's engines at FAL take, return and cost?"""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog.entry import LOW_POLY, QUALITY, EngineEntry, Surcharge
from jobs.catalog.options import Option
from jobs.catalog.usual_options import (
    SEE_MODEL_PAGE,
    make_choice,
    make_face_limit,
    make_seed,
    make_switch,
    make_texture,
)

_TEXTURED = {"texture": ("standard", "hd")}
_REPORTED = "As several users of FAL report it; FAL's bill decides."

# FAL names no range for the face limit of these; ours is a guard against slips.
_FACE_LIMIT = make_face_limit(minimum=500, maximum=500_000)
_PBR = make_switch(
    "pbr", default=True, label="PBR materials", only_with=_TEXTURED,
    about="Metal, roughness and normal maps beside the colour. Always with a texture.",
)  # fmt: skip
_TEXTURE_SEED = Option(
    name="texture_seed", type="integer", minimum=0, maximum=2**31 - 1, label="Texture seed", only_with=_TEXTURED,
    about="Keeps the texture when the shape is made again. Empty: a random one.",
)  # fmt: skip
_ALIGNMENT = make_choice(
    "texture_alignment", "original_image", "geometry", label="Texture follows", only_with=_TEXTURED,
    about="original_image: the colours of the picture; geometry: the edges of the shape.",
)  # fmt: skip
_ORIENTATION = make_choice(
    "orientation", "default", "align_image", label="Orientation",
    about="align_image turns the model the way the picture shows it.",
)  # fmt: skip
_AUTO_SIZE = make_switch("auto_size", label="Real size", about="Scales the model to an estimated size in metres.")
_QUAD = make_switch(
    "quad", label="Quads (FBX alone)", result_formats={True: "fbx"},
    about="Four-sided faces. FAL then returns an FBX file, kept as it comes: not turned here, no other formats.",
)  # fmt: skip
_QUAD_PRICE = Surcharge(option="quad", value=True, amount=Decimal("0.05"))
_TEXTURE_PRICES = (
    Surcharge(option="texture", value="none", amount=Decimal("-0.10")),
    Surcharge(option="texture", value="hd", amount=Decimal("0.10")),
)

_V25_OPTIONS = (
    _FACE_LIMIT,
    make_texture({"standard": "standard", "hd": "HD", "none": {"texture": "no", "pbr": False}},
                 about="standard or HD; none: the bare shape, which costs less."),
    make_seed(), _PBR, _TEXTURE_SEED, _ALIGNMENT, _ORIENTATION, _AUTO_SIZE, _QUAD,
)  # fmt: skip
_H31_OPTIONS = (
    _FACE_LIMIT,
    make_texture({"standard": {"texture": True, "texture_quality": "standard"},
                  "hd": {"texture": True, "texture_quality": "detailed"},
                  "none": {"texture": False, "pbr": False}},
                 about="standard or detailed; none: the bare shape, which costs less."),
    make_seed("model_seed"), _PBR,
    make_choice("geometry_quality", "standard", "detailed", label="Geometry",
                about="detailed: finer shape, more faces; it costs more."),
    _TEXTURE_SEED, _ALIGNMENT, _ORIENTATION, _AUTO_SIZE, _QUAD,
)  # fmt: skip
_DETAIL_PRICE = Surcharge(option="geometry_quality", value="detailed", amount=Decimal("0.20"))

TRIPO_ENGINES = (
    EngineEntry(
        id="tripo-v2.5",
        name="Tripo v2.5",
        provider="fal",
        queue="fal",
        endpoint="tripo3d/tripo/v2.5/image-to-3d",
        about="Dependable textured models of all kinds of objects, with PBR materials.",
        good_for=(QUALITY,),
        options=_V25_OPTIONS,
        typical_seconds=120,
        price=Decimal("0.30"), surcharges=(*_TEXTURE_PRICES, _QUAD_PRICE), price_note=_REPORTED,
        licence=SEE_MODEL_PAGE,
        image_key="image_url",
        output_keys=("pbr_model", "model_mesh", "base_model"), preview_keys=("rendered_image",),
    ),
    EngineEntry(
        id="tripo-v2.5-multiview",
        name="Tripo v2.5 multiview",
        provider="fal",
        queue="fal",
        endpoint="tripo3d/tripo/v2.5/multiview-to-3d",
        about="One object from its front and up to three further sides, so that the back is no guess.",
        good_for=(QUALITY,),
        options=_V25_OPTIONS,
        typical_seconds=130,
        price=Decimal("0.30"), surcharges=(*_TEXTURE_PRICES, _QUAD_PRICE), price_note=_REPORTED,
        licence=SEE_MODEL_PAGE,
        view_keys={view: f"{view}_image_url" for view in ("front", "left", "back", "right")}, max_images=4,
        output_keys=("pbr_model", "model_mesh", "base_model"), preview_keys=("rendered_image",),
    ),
    EngineEntry(
        id="tripo-h3.1",
        name="Tripo H3.1",
        provider="fal",
        queue="fal",
        endpoint="tripo3d/h3.1/image-to-3d",
        about="Tripo's high-definition line: finer shape and texture.",
        good_for=(QUALITY,),
        options=_H31_OPTIONS,
        typical_seconds=90,
        price=Decimal("0.30"), surcharges=(*_TEXTURE_PRICES, _DETAIL_PRICE, _QUAD_PRICE), price_note=_REPORTED,
        licence=SEE_MODEL_PAGE,
        image_key="image_url",
        output_keys=("model_mesh", "model_urls.glb", "model_urls.pbr_model", "model_urls.base_model", "model_urls.fbx"),
        preview_keys=("rendered_image",),
    ),
    EngineEntry(
        id="tripo-h3.1-multiview",
        name="Tripo H3.1 multiview",
        provider="fal",
        queue="fal",
        endpoint="tripo3d/h3.1/multiview-to-3d",
        about="Tripo's high-definition line from two to four sides of one object.",
        good_for=(QUALITY,),
        options=_H31_OPTIONS,
        typical_seconds=110,
        price=Decimal("0.30"), surcharges=(*_TEXTURE_PRICES, _DETAIL_PRICE, _QUAD_PRICE), price_note=_REPORTED,
        licence=SEE_MODEL_PAGE,
        image_list_key="image_urls", image_order=("front", "left", "back", "right"), is_order_fixed=True,
        min_images=2, max_images=4,
        output_keys=("model_mesh", "model_urls.glb", "model_urls.pbr_model", "model_urls.base_model", "model_urls.fbx"),
        preview_keys=("rendered_image",),
    ),
    EngineEntry(
        id="tripo-p1",
        name="Tripo P1",
        provider="fal",
        queue="fal",
        endpoint="tripo3d/p1/image-to-3d",
        about="Few, tidy faces: for games, the web and real-time work.",
        good_for=(LOW_POLY,),
        options=(
            make_face_limit(minimum=48, maximum=20_000),
            make_texture({"standard": True, "none": False}, about="none: the bare shape, which costs less."),
            make_seed("model_seed"),
        ),
        typical_seconds=90,
        price=Decimal("0.50"), surcharges=(Surcharge(option="texture", value="none", amount=Decimal("-0.10")),),
        price_note=_REPORTED,
        licence=SEE_MODEL_PAGE,
        image_key="image_url",
        output_keys=("model_mesh", "model_urls.glb", "model_urls.pbr_model", "model_urls.base_model"),
        preview_keys=("rendered_image",),
    ),
)  # fmt: skip
