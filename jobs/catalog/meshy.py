"""What do the Meshy engines at FAL take, return and cost?"""

from __future__ import annotations

from jobs.catalog.entry import LOW_POLY, QUALITY, EngineEntry, PictureLimits
from jobs.catalog.options import Option
from jobs.catalog.usual_options import SEE_MODEL_PAGE, make_choice, make_face_limit, make_switch, make_texture

_TEXTURED = {"texture": ("standard",)}
_LIMITS = PictureLimits(content_types=("image/jpeg", "image/png"))
_OUTPUTS = ("model_glb", "model_urls.glb")
_UNKNOWN_PRICE = "Reports differ, from $0.20 to $3.80; look at FAL's own price before a large job."
_OPTIONS = (
    make_face_limit("target_polycount", minimum=100, maximum=300_000),
    make_texture({"standard": {"should_texture": True}, "none": {"should_texture": False}},
                 about="none: the bare shape."),
    make_switch("pbr", key="enable_pbr", label="PBR materials", only_with=_TEXTURED,
                about="Metal, roughness and normal maps beside the colour."),
    make_choice("topology", "triangle", "quad", label="Faces", about="The kind of faces that the mesh is built from."),
    make_switch("remesh", key="should_remesh", default=True, label="Rebuild the mesh",
                about="Even faces, up to the face limit. Off: the raw mesh, however large."),
    make_choice("symmetry_mode", "auto", "on", "off", label="Symmetry", about="on makes both sides alike."),
    make_choice("pose_mode", "none", "a-pose", "t-pose", label="Pose", values={"none": {}},
                about="A neutral pose for a person or creature."),
    Option(name="texture_prompt", type="string", label="Texture in words", only_with=_TEXTURED,
           about="How the surface should look."),
)  # fmt: skip

MESHY_ENGINES = (
    EngineEntry(
        id="meshy-v6",
        name="Meshy v6",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/meshy/v6/image-to-3d",
        about="Clean, textured models for games; takes its time.",
        good_for=(QUALITY, LOW_POLY),
        options=(
            *_OPTIONS,
            make_choice("model_type", "standard", "lowpoly", label="Kind", about="lowpoly: few, large faces."),
        ),
        typical_seconds=450,
        price_note=_UNKNOWN_PRICE,
        licence=SEE_MODEL_PAGE,
        image_key="image_url", picture_limits=_LIMITS,
        output_keys=_OUTPUTS, preview_keys=("thumbnail",),
    ),
    EngineEntry(
        id="meshy-v6-multi",
        name="Meshy v6 multi-image",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/meshy/v6/multi-image-to-3d",
        about="Meshy v6 from up to four sides of one object.",
        good_for=(QUALITY,),
        options=_OPTIONS,
        typical_seconds=450,
        price_note=_UNKNOWN_PRICE,
        licence=SEE_MODEL_PAGE,
        image_list_key="image_urls", max_images=4, picture_limits=_LIMITS,
        output_keys=_OUTPUTS, preview_keys=("thumbnail",),
    ),
)  # fmt: skip
