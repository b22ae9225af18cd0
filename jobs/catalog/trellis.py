"""What do the TRELLIS engines at FAL take, return and cost?"""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog.entry import QUALITY, EngineEntry, Surcharge
from jobs.catalog.options import Option
from jobs.catalog.usual_options import ENGINES_OWN, SEE_MODEL_PAGE, make_choice, make_seed, make_switch, make_texture


def _make_strength(name: str, *, label: str) -> Option:
    return Option(name=name, type="number", minimum=0, maximum=10, label=label,
                  about=f"How closely this step keeps to the picture. {ENGINES_OWN}")  # fmt: skip


def _make_steps(name: str, *, label: str) -> Option:
    return Option(name=name, type="integer", minimum=1, maximum=50, label=label,
                  about=f"More steps take longer and may show finer detail. {ENGINES_OWN}")  # fmt: skip


_OPTIONS = (
    # FAL's own default stays unsent: its documents call the size a text, their examples send a number.
    make_texture({"standard": {}, "hd": {"texture_size": 2048}}, about="standard: 1,024 px; hd: 2,048 px."),
    make_seed(),
    Option(name="mesh_simplify", type="number", default=0.95, minimum=0.9, maximum=0.98, label="Simplify",
           about="The share of the faces that is left out: 0.98 makes the lightest model."),
    _make_strength("ss_guidance_strength", label="Shape: guidance"),
    _make_steps("ss_sampling_steps", label="Shape: steps"),
    _make_strength("slat_guidance_strength", label="Detail: guidance"),
    _make_steps("slat_sampling_steps", label="Detail: steps"),
)  # fmt: skip
_STAGES = (("ss", "Structure"), ("shape_slat", "Shape"), ("tex_slat", "Texture"))

TRELLIS_ENGINES = (
    EngineEntry(
        id="trellis",
        name="TRELLIS",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/trellis",
        about="Quick and very cheap; good for drafts and simple objects.",
        options=_OPTIONS,
        typical_seconds=30,
        price=Decimal("0.02"), price_note="As several users of FAL report it; FAL's bill decides.",
        licence=SEE_MODEL_PAGE,
        image_key="image_url",
        output_keys=("model_mesh",),
    ),
    EngineEntry(
        id="trellis-multi",
        name="TRELLIS multi-image",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/trellis/multi",
        about="TRELLIS from up to eight sides of one object.",
        options=(
            *_OPTIONS,
            make_choice("multiimage_algo", "stochastic", "multidiffusion", label="Several pictures",
                        about="stochastic takes the pictures in turn; multidiffusion mixes them at each step."),
        ),
        typical_seconds=40,
        price_note="Not published where we could read it; expected near that of TRELLIS.",
        licence=SEE_MODEL_PAGE,
        image_list_key="image_urls", max_images=8,
        output_keys=("model_mesh",),
    ),
    EngineEntry(
        id="trellis-2",
        name="TRELLIS.2",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/trellis-2",
        about="Large, detailed models with PBR materials.",
        good_for=(QUALITY,),
        options=(
            make_texture({"standard": {"texture_size": 2048}, "hd": {"texture_size": 4096}},
                         about="standard: 2,048 px; hd: 4,096 px."),
            make_seed(),
            make_choice("resolution", "512", "1024", "1536", default="1024", label="Resolution",
                        values={"512": 512, "1024": 1024, "1536": 1536},
                        about="Of the grid that the shape is made in. Finer costs more."),
            # FAL counts vertices here, so this is no face limit: a closed surface has twice as many faces.
            Option(name="decimation_target", type="integer", default=100_000, minimum=100_000, maximum=1_000_000,
                   label="Vertices", about="The model is thinned to about so many; it has twice as many faces."),
            make_switch("remesh", default=True, label="Rebuild the mesh", about="Even, closed faces instead of raw."),
            *(_make_strength(f"{stage}_guidance_strength", label=f"{name}: guidance") for stage, name in _STAGES),
            *(_make_steps(f"{stage}_sampling_steps", label=f"{name}: steps") for stage, name in _STAGES),
        ),
        typical_seconds=120,
        price=Decimal("0.30"),
        surcharges=(
            Surcharge(option="resolution", value="512", amount=Decimal("-0.05")),
            Surcharge(option="resolution", value="1536", amount=Decimal("0.05")),
        ),
        price_note="As users of FAL report it; FAL's bill decides.",
        licence=SEE_MODEL_PAGE,
        image_key="image_url",
        output_keys=("model_glb",),
    ),
)  # fmt: skip
