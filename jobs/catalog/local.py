"""The engine on this machine: always there."""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog.entry import EngineEntry
from jobs.catalog.options import Option

LOCAL_ENGINE = EngineEntry(
    id="local",
    name="Local relief",
    provider="local",
    queue="local",
    about="A textured relief from the outline and shading of one picture. No key, network or GPU.",
    options=(
        Option(name="face_limit", type="integer", default=20_000, minimum=2_000, maximum=500_000, label="Face limit",
               about="The model never has more triangles than this."),
        Option(name="texture", type="string", default="standard", choices=("standard", "hd", "none"), label="Texture",
               about="standard: 1,024 px; hd: 2,048 px; none: plain material."),
        Option(name="seed", type="integer", minimum=0, maximum=2**31 - 1, label="Seed",
               about="Taken for compatibility; the same picture always gives the same model."),
        Option(name="mode", type="string", default="auto", choices=("auto", "object", "whole_picture"), label="Subject",
               about="auto finds the object; object insists on one; whole_picture makes a relief of everything."),
    ),
    price=Decimal("0.00"),
    typical_seconds=2,
    licence="Made on your own machine; the model is yours.",
    licence_badge="Yours",
    note="A geometric relief: front and silhouette follow the picture, the back is a mirrored guess.",
    endpoint="jobs.engines.local.LocalEngine",
    ignores_other_views=True,
)  # fmt: skip
