"""What does an engine's warning mean for the person who looks at the model, and what can be done?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Warning:
    """A warning in plain words with a next step."""

    title: str
    advice: str


WARNINGS: dict[str, Warning] = {
    "low_confidence": Warning(
        title="The outline is uncertain",
        advice="Object and background look alike here. Compare with “What was cut out”; a plain background "
        "in another colour gives a clean outline.",
    ),
    "touches_border": Warning(
        title="The object touches the edge of the picture",
        advice="The model is cut off flat there. Take a picture with some room around the object.",
    ),
    "other_objects_ignored": Warning(
        title="There is more than one object",
        advice="Only the largest became a model. Crop the picture to the one you want, or upload one picture for each.",
    ),
    "no_clear_object_relief_made": Warning(
        title="No single object was found",
        advice="The whole picture became a relief. For one object use a plain background.",
    ),
    "other_views_ignored": Warning(
        title="Only the front was used",
        advice="This engine works from one picture; the other sides had no influence.",
    ),
    "no_glb": Warning(
        title="The engine made no GLB",
        advice="The file is kept as it came. It cannot be turned or converted here; without quads there is a GLB.",
    ),
    "preview_failed": Warning(
        title="There is no preview",
        advice="The model itself is there and can be downloaded.",
    ),
}


def explain_warnings(codes: Sequence[str]) -> list[Warning]:
    return [_explain(code) for code in codes]


def _explain(code: str) -> Warning:
    """An unknown code is shown as its own words rather than hidden."""
    name, _, subject = code.partition(":")
    if subject == "preview":
        return WARNINGS["preview_failed"]
    if subject:
        return Warning(title=f"{subject.upper()} could not be made", advice="Ask for it again under Downloads.")
    return WARNINGS.get(name, Warning(title=name.replace("_", " ").capitalize(), advice=""))
