"""What does TripoSR at FAL take, return and cost?"""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog.entry import EngineEntry
from jobs.catalog.options import Option
from jobs.catalog.usual_options import SEE_MODEL_PAGE, make_switch

TRIPOSR_ENGINES = (
    EngineEntry(
        id="triposr",
        name="TripoSR",
        provider="fal",
        queue="fal",
        endpoint="fal-ai/triposr",
        about="A draft within seconds: rough shape, colour on it.",
        options=(
            make_switch("do_remove_background", default=True, label="Cut the object out",
                        about="Turn it off for pictures that are cut out already."),
            Option(name="foreground_ratio", type="number", default=0.9, minimum=0.5, maximum=1, label="Object's share",
                   about="How much of the picture the object is made to fill."),
            Option(name="mc_resolution", type="integer", default=256, minimum=32, maximum=512, label="Resolution",
                   about="Of the grid that the shape is made in."),
        ),
        typical_seconds=10,
        price=Decimal("0.07"), price_note="About this, as users of FAL report it; FAL's bill decides.",
        licence=SEE_MODEL_PAGE,
        image_key="image_url",
        fixed_arguments={"output_format": "glb"},
        output_keys=("model_mesh",),
    ),
)  # fmt: skip
