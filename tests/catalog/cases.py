"""Which engines and option values do these tests go through?"""

from __future__ import annotations

from typing import Any

import pytest

from jobs import catalog
from jobs.catalog import EngineEntry, Option

EVERY = pytest.mark.parametrize("engine", catalog.ENGINES.values(), ids=lambda engine: engine.id)
AT_FAL = [engine for engine in catalog.ENGINES.values() if engine.provider == "fal"]
EVERY_AT_FAL = pytest.mark.parametrize("engine", AT_FAL, ids=lambda engine: engine.id)


def take_urls(engine: EngineEntry, *, count: int | None = None) -> dict[str, str]:
    """Pictures by view: as few as the engine works from, or the first so many of its views."""
    views = engine.views[: count or max(engine.min_images, len(engine.required_views))]
    views = engine.required_views if count is None and len(engine.required_views) > 1 else views
    return {view: f"https://v3.fal.media/files/{view}.png" for view in views}


def list_values(option: Option) -> list[Any]:
    """Default, both ends and every choice; some value where there is none of these."""
    ends = [end for end in (option.minimum, option.maximum) if end is not None]
    ends = [int(end) for end in ends] if option.type == "integer" else ends
    switch = [True, False] if option.type == "boolean" else []
    values = [option.default, *ends, *option.choices, *switch]
    return [value for value in values if value is not None] or ["a red chair"]


def list_cases() -> list[Any]:
    """Each engine at FAL with each value of each of its options, and with the others that this one needs."""
    return [
        pytest.param(engine, _list_needed(option) | {option.name: value}, id=f"{engine.id}-{option.name}-{value}")
        for engine in AT_FAL
        for option in engine.options
        for value in list_values(option)
    ]


def _list_needed(option: Option) -> dict[str, Any]:
    return {name: values[0] for name, values in option.only_with.items()}
