"""What will a generation cost? Known prices as FAL bills them, and no figure where none is known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from jobs.catalog import EngineEntry, build_arguments, estimate_price, find_engine
from jobs.errors import JobError
from tests.virtual_fal.endpoints import ENDPOINTS

from .cases import EVERY, list_cases, take_urls


@pytest.mark.parametrize(
    ("engine", "options", "price"),
    [
        ("local", {}, "0"),
        ("tripo-v2.5", {}, "0.30"),
        ("tripo-v2.5", {"texture": "none"}, "0.20"),
        ("tripo-v2.5", {"texture": "hd"}, "0.40"),
        ("tripo-v2.5", {"texture": "hd", "quad": True}, "0.45"),
        ("tripo-v2.5", {"face_limit": 5_000, "seed": 1, "pbr": False}, "0.30"),
        ("tripo-v2.5-multiview", {"texture": "none", "quad": "true"}, "0.25"),
        ("tripo-h3.1", {}, "0.30"),
        ("tripo-h3.1", {"texture": "hd", "geometry_quality": "detailed", "quad": True}, "0.65"),
        ("tripo-h3.1-multiview", {"texture": "none", "geometry_quality": "detailed"}, "0.40"),
        ("tripo-p1", {}, "0.50"),
        ("tripo-p1", {"texture": "none"}, "0.40"),
        ("trellis", {"texture": "hd"}, "0.02"),
        ("trellis-2", {"resolution": "512"}, "0.25"),
        ("trellis-2", {}, "0.30"),
        ("trellis-2", {"resolution": 1536}, "0.35"),
        ("hunyuan3d-v2-turbo", {}, "0.42"),
        ("hunyuan3d-v2-turbo", {"texture": "none"}, "0.14"),
        ("hunyuan3d-v3", {}, "0.375"),
        ("hunyuan3d-v3", {"pbr": True}, "0.525"),
        ("hunyuan3d-v3", {"pbr": True, "generate_type": "Geometry"}, "0.375"),
        ("triposr", {}, "0.07"),
        ("rodin", {}, "0.40"),
        ("rodin", {"high_pack": True}, "1.20"),
        ("rodin-v2.5", {}, "0.40"),
        ("rodin-v2.5", {"tier": "Gen-2.5-Extreme-High"}, "0.80"),
        ("rodin-v2.5", {"tier": "Gen-2.5-Extreme-High", "high_pack": True}, "1.60"),
    ],
)
def test_it_works(engine: str, options: dict[str, Any], price: str) -> None:
    assert estimate_price(find_engine(engine), options=options) == Decimal(price)


@pytest.mark.parametrize(
    "engine",
    ["trellis-multi", "hunyuan3d-v2", "hunyuan3d-v2-mini", "hunyuan3d-v2-multiview", "hunyuan3d-v3.1-pro",
     "hunyuan3d-v3.1-rapid", "rodin-v2", "meshy-v6", "meshy-v6-multi"],
)  # fmt: skip
def test_an_unknown_price_is_not_made_up(engine: str) -> None:
    assert estimate_price(find_engine(engine), options={}) is None
    assert find_engine(engine).price_note


@EVERY
def test_the_price_of_the_table_is_that_at_the_defaults(engine: EngineEntry) -> None:
    assert estimate_price(engine, options={}) == engine.price


@pytest.mark.parametrize(("engine", "options"), list_cases())
def test_a_known_price_is_what_fal_would_bill(engine: EngineEntry, options: dict[str, Any]) -> None:
    estimated = estimate_price(engine, options=options)
    arguments = build_arguments(engine, options=options, image_urls=take_urls(engine))
    assert estimated in (None, ENDPOINTS[engine.endpoint].cost(arguments))


@EVERY
def test_an_unknown_option_is_refused(engine: EngineEntry) -> None:
    with pytest.raises(JobError) as caught:
        estimate_price(engine, options={"cheap": True})
    assert caught.value.code == "unknown_parameter"
