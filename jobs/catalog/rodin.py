"""What do the Rodin engines at FAL take, return and cost?"""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog.entry import QUALITY, EngineEntry, Surcharge
from jobs.catalog.options import Option
from jobs.catalog.usual_options import SEE_MODEL_PAGE, make_choice, make_seed, make_switch, make_texture

_TEXTURED = {"texture": ("standard", "hd")}
_GLB = {"geometry_file_format": "glb"}
_PRICE = Decimal("0.40")
_MESHES = (
    "150K Triangle", "500K Triangle", "20K Triangle", "2K Triangle", "50K Quad", "18K Quad", "8K Quad", "4K Quad",
)  # fmt: skip
_TIERS = tuple(f"Gen-2.5-{name}" for name in ("High", "Medium", "Minimum", "Extreme-High"))
_OUTPUTS = ("model_mesh", "model_meshes")

_SEED = make_seed(maximum=65_535)
_PROMPT = Option(name="prompt", type="string", label="Words", about="What the picture shows, to help the engine.")
_POSE = make_switch("t_pose", key="TAPose", label="T or A pose", about="Puts a person or creature into a neutral pose.")
_ALPHA = make_switch("use_original_alpha", label="Keep the cut-out",
                     about="Uses the transparency of the picture instead of cutting the object out again.")  # fmt: skip
_PACK_ABOUT = "Larger textures and more faces; it costs more."
_HIGH_PACK = make_switch("high_pack", label="High pack", about=_PACK_ABOUT,
                         values={True: {"addons": "HighPack"}, False: {}})  # fmt: skip
_HIGH_PACK_V25 = make_switch("high_pack", label="High pack", about=_PACK_ABOUT,
                             values={True: {"addons": {"high_pack": True}}, False: {}})  # fmt: skip
_MESH_ABOUT = "How many faces, and of which kind."
_HIGH_PACK_PRICE = Surcharge(option="high_pack", value=True, amount=Decimal("0.80"))

RODIN_ENGINES = (
    EngineEntry(
        id="rodin",
        name="Rodin",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hyper3d/rodin",
        about="Tidy meshes with good textures, from one picture or up to five sides.",
        options=(
            _SEED,
            make_choice("quality", "medium", "high", "low", "extra-low", label="Quality", about="The number of faces."),
            make_choice("material", "PBR", "Shaded", label="Material",
                        about="PBR: for any light; Shaded: the light of the picture painted in."),
            make_choice("tier", "Regular", "Sketch", label="Tier", about="Sketch is quicker and rougher."),
            make_switch("use_hyper", label="Hyper", about="The engine's own mode for finer detail."),
            _POSE, _PROMPT, _HIGH_PACK,
        ),
        typical_seconds=180,
        price=_PRICE, surcharges=(_HIGH_PACK_PRICE,), price_note="As FAL publishes it.",
        licence=SEE_MODEL_PAGE,
        image_list_key="input_image_urls", max_images=5,
        # All pictures show one object; "fuse" would mix several.
        fixed_arguments={**_GLB, "condition_mode": "concat"},
        output_keys=_OUTPUTS,
    ),
    EngineEntry(
        id="rodin-v2",
        name="Rodin v2",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hyper3d/rodin/v2",
        about="The second Rodin: finer shape, chosen number of faces, up to five sides.",
        good_for=(QUALITY,),
        options=(
            _SEED,
            make_choice("quality_mesh_option", *_MESHES, label="Mesh", about=_MESH_ABOUT),
            make_choice("material", "PBR", "Shaded", "All", label="Material",
                        about="PBR: for any light; Shaded: the light of the picture painted in; All: both."),
            _POSE, _ALPHA, _PROMPT, _HIGH_PACK,
        ),
        typical_seconds=180,
        price_note="Not published where we could read it; expected near that of Rodin. The high pack costs more.",
        licence=SEE_MODEL_PAGE,
        image_list_key="input_image_urls", max_images=5,
        fixed_arguments=_GLB,
        output_keys=_OUTPUTS,
    ),
    EngineEntry(
        id="rodin-v2.5",
        name="Rodin v2.5",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/hyper3d/rodin/v2.5",
        about="The newest Rodin, in tiers from light to extreme, up to five sides.",
        good_for=(QUALITY,),
        options=(
            make_texture({"standard": {"hd_texture": False}, "hd": {"hd_texture": True}, "none": {"material": "None"}},
                         about="standard or HD; none: the bare shape."),
            _SEED,
            make_choice("tier", *_TIERS, label="Tier", about="Extreme-High is the finest and costs twice as much."),
            make_choice("quality_mesh_option", "Auto", "2M Triangle", *_MESHES, label="Mesh",
                        about=_MESH_ABOUT),
            make_choice("material", "PBR", "Shaded", "All", label="Material", only_with=_TEXTURED,
                        about="PBR: for any light; Shaded: the light of the picture painted in; All: both."),
            make_switch("texture_delight", label="Take shadows out", only_with=_TEXTURED,
                        about="Takes the light of the picture out of the texture."),
            _POSE, _ALPHA, _PROMPT, _HIGH_PACK_V25,
        ),
        typical_seconds=180,
        price=_PRICE,
        surcharges=(
            Surcharge(option="tier", value="Gen-2.5-Extreme-High", amount=Decimal("0.40")), _HIGH_PACK_PRICE,
        ),
        price_note="As FAL publishes it.",
        licence=SEE_MODEL_PAGE,
        image_list_key="image_urls", max_images=5,
        fixed_arguments=_GLB,
        output_keys=_OUTPUTS,
    ),
)  # fmt: skip
