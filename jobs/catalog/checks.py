"""May this be asked of this engine? Options, views and pictures, checked before anything costs money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.catalog.entry import VIEWS, EngineEntry
from jobs.errors import JobError


def check_options(engine: EngineEntry, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a generation is asked to do: the given values checked, the engine's defaults for the rest.

    A name that the engine does not know is refused: a misspelt option must not cost money. What means nothing beside
    the other values (PBR materials without a texture) is left out.
    """
    for name in given:
        if engine.option(name) is None:
            known = ", ".join(option.name for option in engine.options)
            raise JobError("unknown_parameter", f"{engine.name} has no option {name!r}.",
                           hint=f"It knows: {known}.", details={"parameter": name})  # fmt: skip
    defaults = {option.name: option.default for option in engine.options if option.default is not None}
    checked = {option.name: option.check(given[option.name]) for option in engine.options if option.name in given}
    values = defaults | checked
    idle = {option.name for option in engine.options if not option.applies(values)}
    return {name: value for name, value in values.items() if name not in idle}


def check_views(views: Sequence[str], *, engine: EngineEntry) -> None:
    """One set of views: known, each once, a front among them, and what the engine can take."""
    if problem := _find_problem(views):
        raise JobError("invalid_parameter", problem, details={"parameter": "views"})
    if not engine.ignores_other_views and (misfit := _find_misfit(views, engine=engine)):
        raise JobError("invalid_parameter", misfit, hint="Change the pictures, or choose another engine.",
                       details={"parameter": "views"})  # fmt: skip


def _find_problem(views: Sequence[str]) -> str | None:
    if unknown := [view for view in views if view not in VIEWS]:
        return f"{unknown[0]!r} is not a view; use {', '.join(VIEWS)}."
    if len(set(views)) < len(views):
        return "Each view can be given once."
    return None if "front" in views else "A front view is needed."


def _find_misfit(views: Sequence[str], *, engine: EngineEntry) -> str | None:
    """Why this engine cannot work from these views. Nothing is passed over in silence: it is paid for."""
    if foreign := [view for view in views if view not in engine.views]:
        return f"{engine.name} takes no {foreign[0]} view; it takes {', '.join(engine.views)}."
    if missing := [view for view in engine.required_views if view not in views]:
        return f"{engine.name} needs a {missing[0]} view too; it needs {', '.join(engine.required_views)}."
    if len(views) < engine.min_images:
        return f"{engine.name} needs at least {engine.min_images} views of one object."
    if len(views) > engine.max_images:
        return f"{engine.name} takes at most {engine.max_images} views of one object, not {len(views)}."
    return _find_gap(views, engine=engine) if engine.is_order_fixed else None


def _find_gap(views: Sequence[str], *, engine: EngineEntry) -> str | None:
    expected = engine.image_order[: len(views)]
    missing = [view for view in expected if view not in views]
    order = ", ".join(engine.image_order)
    return f"{engine.name} reads views in the order {order}: add a {missing[0]} view." if missing else None


def check_picture(engine: EngineEntry, *, width: int, height: int) -> None:
    """Large enough for the engine, or ``JobError``. A picture that is too large is made smaller before it is sent."""
    least = engine.picture_limits.min_side
    if min(width, height) < least:
        raise JobError("image_too_small", f"{engine.name} needs pictures of at least {least} × {least} pixels.",
                       hint="Use a larger picture, or another engine.",
                       details={"minimum": least, "width": width, "height": height})  # fmt: skip
