"""Which engines and formats are there, and what may be asked of each? Data alone, for forms, API, checks and docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from jobs.errors import JobError

VIEWS = ("front", "left", "back", "right", "top", "bottom", "left_front", "right_front")


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format that a model can be had in."""

    id: str
    name: str
    extension: str
    content_type: str
    about: str


FORMATS: dict[str, Format] = {
    entry.id: entry
    for entry in (
        Format(id="glb", name="GLB", extension=".glb", content_type="model/gltf-binary",
               about="Web, AR, game engines, Blender; one file with texture."),
        Format(id="obj", name="OBJ", extension=".obj.zip", content_type="application/zip",
               about="Older 3D programs; a zip with material and texture."),
        Format(id="stl", name="STL", extension=".stl", content_type="model/stl",
               about="3D printing; millimetres, standing on the bed, no colour."),
        Format(id="ply", name="PLY", extension=".ply", content_type="model/ply",
               about="Scanning and research tools; colour at each vertex."),
        Format(id="usdz", name="USDZ", extension=".usdz", content_type="model/vnd.usdz+zip",
               about="AR on iPhone and iPad."),
    )
}  # fmt: skip
MADE_FORMATS = tuple(name for name in FORMATS if name != "glb")  # converted from the GLB


@dataclass(frozen=True, kw_only=True)
class Option:
    """One thing that may be asked of an engine."""

    name: str
    type: str  # "integer", "number", "boolean", "string"
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    label: str = ""
    about: str = ""
    key: str = ""  # the engine's own name for it, where it differs

    def check(self, value: Any) -> Any:
        """The value in its own type, or ``JobError`` naming what would be right."""
        parsed = self._parse(value)
        if self.choices and parsed not in self.choices:
            raise self._refuse(f"must be one of {', '.join(self.choices)}")
        if self.minimum is not None and parsed < self.minimum:
            raise self._refuse(f"must be from {self.minimum:,} to {self.maximum:,}")
        if self.maximum is not None and parsed > self.maximum:
            raise self._refuse(f"must be from {self.minimum:,} to {self.maximum:,}")
        return parsed

    def _parse(self, value: Any) -> Any:
        readers = {"integer": _read_integer, "number": _read_number, "boolean": _read_boolean, "string": _read_string}
        try:
            return readers[self.type](value)
        except (ValueError, TypeError, OverflowError):
            raise self._refuse(
                f"must be a {self.type}" if self.type != "integer" else "must be a whole number"
            ) from None

    def _refuse(self, rule: str) -> JobError:
        return JobError("invalid_parameter", f"{self.name} {rule}.", details={"parameter": self.name})

    def describe(self) -> dict[str, Any]:
        """JSON schema."""
        schema: dict[str, Any] = {"type": self.type, "title": self.label or self.name, "description": self.about}
        extra = {"default": self.default, "minimum": self.minimum, "maximum": self.maximum, "enum": list(self.choices)}
        return schema | {name: value for name, value in extra.items() if value not in (None, [])}


def _read_integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
        raise ValueError
    if isinstance(value, str) and not value.strip().lstrip("-").isascii():
        raise ValueError
    return int(value)


def _read_number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or number != number or number in (float("inf"), float("-inf")):
        raise ValueError
    return number


def _read_boolean(value: Any) -> bool:
    words = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
    word = str(value).lower()
    if word not in words:
        raise ValueError
    return words[word]


def _read_string(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value or len(value) > 2_000:
        raise ValueError
    return value


@dataclass(frozen=True, kw_only=True)
class EngineEntry:
    """One engine as data."""

    id: str
    name: str
    provider: str
    queue: str  # which RQ queue runs it
    about: str
    options: tuple[Option, ...]
    formats: tuple[str, ...] = tuple(FORMATS)
    views: tuple[str, ...] = ("front",)
    price: Decimal | None = None  # for one generation at the defaults, USD
    typical_seconds: int = 1
    licence: str = ""
    note: str = ""
    endpoint: str = ""  # dotted path of a local engine, or the endpoint id at its provider
    extra: Mapping[str, Any] = field(default_factory=dict)

    def option(self, name: str) -> Option | None:
        return next((option for option in self.options if option.name == name), None)

    def describe_options(self) -> dict[str, Any]:
        """JSON schema of all options."""
        properties = {option.name: option.describe() for option in self.options}
        return {"type": "object", "properties": properties, "additionalProperties": False}


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
    note="A geometric relief: front and silhouette follow the picture, the back is a mirrored guess.",
    endpoint="jobs.engines.local.LocalEngine",
)  # fmt: skip

ENGINES: dict[str, EngineEntry] = {entry.id: entry for entry in (LOCAL_ENGINE,)}


def find_engine(engine_id: str) -> EngineEntry:
    """The engine of this id, or ``JobError``."""
    try:
        return ENGINES[engine_id]
    except KeyError:
        known = ", ".join(ENGINES)
        raise JobError("invalid_parameter", f"There is no engine {engine_id!r}.", hint=f"Use one of: {known}.",
                       details={"parameter": "engine"}) from None  # fmt: skip


def engines_of_queue(queue: str) -> list[str]:
    return [entry.id for entry in ENGINES.values() if entry.queue == queue]


def check_options(engine: EngineEntry, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a generation is asked to do: the given values checked, the engine's defaults for the rest.

    A name that the engine does not know is refused: a misspelt option must not cost money.
    """
    for name in given:
        if engine.option(name) is None:
            known = ", ".join(option.name for option in engine.options)
            raise JobError("unknown_parameter", f"{engine.name} has no option {name!r}.",
                           hint=f"It knows: {known}.", details={"parameter": name})  # fmt: skip
    defaults = {option.name: option.default for option in engine.options if option.default is not None}
    checked = {option.name: option.check(given[option.name]) for option in engine.options if option.name in given}
    return defaults | checked


def check_formats(names: list[str]) -> list[str]:
    """Extra formats in their usual order, each once, or ``JobError``."""
    for name in names:
        if name not in FORMATS:
            raise JobError("invalid_parameter", f"There is no format {name!r}.",
                           hint=f"Use any of: {', '.join(FORMATS)}.", details={"parameter": "formats"})  # fmt: skip
    return [name for name in MADE_FORMATS if name in names]


def check_views(views: list[str], *, engine: EngineEntry) -> None:
    """One set of views: known, each once, a front among them, all known to the engine."""
    problem = None
    if unknown := [view for view in views if view not in VIEWS]:
        problem = f"{unknown[0]!r} is not a view; use {', '.join(VIEWS)}."
    elif len(set(views)) < len(views):
        problem = "Each view can be given once."
    elif "front" not in views:
        problem = "A front view is needed."
    if problem:
        raise JobError("invalid_parameter", problem, details={"parameter": "views"})
