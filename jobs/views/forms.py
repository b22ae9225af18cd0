"""What may a person ask for beside the pictures? One form for upload and for running again, built from the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django import forms

from jobs import catalog
from jobs.catalog import EngineEntry, Option
from jobs.errors import JobError
from jobs.services import Wishes

COMMON = ("face_limit", "texture")  # shown once for all engines; the rest is shown with its own engine
TEXTURES = (("standard", "Standard"), ("hd", "HD"), ("none", "None"))

# What a model is for: a choice fills in the rest, and everything can still be changed.
PRESETS: tuple[dict[str, Any], ...] = (
    {"id": "web", "name": "Web and AR", "face_limit": 20_000, "texture": "standard", "formats": ["usdz"]},
    {"id": "game", "name": "Game", "face_limit": 8_000, "texture": "standard", "formats": ["obj"]},
    {"id": "print", "name": "Print", "face_limit": 200_000, "texture": "none", "formats": ["stl"]},
    {"id": "archive", "name": "Archive", "face_limit": 500_000, "texture": "hd", "formats": list(catalog.MADE_FORMATS)},
)


class OptionsForm(forms.Form):
    """Engine, options, formats and name of a job."""

    token = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=200, required=False)
    engine = forms.ChoiceField()
    face_limit = forms.IntegerField(required=False)
    texture = forms.CharField(max_length=40, required=False)
    formats = forms.MultipleChoiceField(required=False, choices=[(name, name) for name in catalog.MADE_FORMATS])
    fallback_local = forms.BooleanField(required=False)
    one_object = forms.BooleanField(required=False)
    views = forms.CharField(max_length=400, required=False)

    def __init__(
        self, data: Any = None, *, engines: Sequence[EngineEntry], initial: Mapping[str, Any] | None = None
    ) -> None:
        self.engines = engines
        first = (initial or {}).get("engine", engines[0].id)
        default: dict[str, Any] = {"engine": engines[0].id, "token": uuid4().hex}
        for engine in sorted(
            engines, key=lambda each: each.id == first
        ):  # the common fields begin as those of the chosen
            default |= _list_defaults(engine)
        super().__init__(data, initial=default | dict(initial or {}))
        self.fields["engine"].choices = [(engine.id, engine.name) for engine in engines]  # type: ignore[attr-defined]
        for engine in engines:
            for option in list_own_options(engine):
                self.fields[name_of_field(engine, option)] = _build_field(option)

    @property
    def engine_entry(self) -> EngineEntry:
        chosen = self["engine"].value()
        return next((engine for engine in self.engines if engine.id == chosen), self.engines[0])

    def clean(self) -> dict[str, Any]:
        """Each option is checked by the catalog, so that form, API and engine agree."""
        engine = self.engine_entry
        for name, value in self._given_options(engine).items():
            try:
                catalog.check_options(engine, {name: value})
            except JobError as error:
                field = name if name in COMMON else f"{engine.id}-{name}"
                self.add_error(field, error.message.removeprefix(f"{name} ").capitalize())
        return self.cleaned_data

    def _given_options(self, engine: EngineEntry) -> dict[str, Any]:
        """What was filled in. An own option left at its default is not given: beside others it may not apply."""
        common = {name: self.cleaned_data.get(name) for name in COMMON if engine.option(name)}
        own = {
            option.name: value
            for option in list_own_options(engine)
            if (value := self.cleaned_data.get(name_of_field(engine, option))) != write_value(option.default)
        }
        return {name: value for name, value in (common | own).items() if value not in (None, "")}

    def build_wishes(self) -> Wishes:
        return Wishes(
            engine=self.engine_entry.id,
            options=self._given_options(self.engine_entry),
            formats=self.cleaned_data["formats"],
            fallback="local" if self.cleaned_data["fallback_local"] else "",
            name=self.cleaned_data["name"].strip(),
        )

    def list_views(self, *, count: int) -> list[str]:
        """The side that each picture shows, when all show one object; else nothing."""
        if not self.cleaned_data["one_object"] or count < 2:
            return []
        named = [view.strip() for view in self.cleaned_data["views"].split(",") if view.strip()]
        views = named or list(list_sides(self.engine_entry)[:count])
        if len(views) != count:
            raise JobError(
                "invalid_parameter",
                f"{count} pictures need {count} sides, but {len(views)} are named.",
                hint=f"One object can be shown from at most {len(list_sides(self.engine_entry))} sides.",
                details={"parameter": "views"},
            )
        catalog.check_views(views, engine=self.engine_entry)
        return views


def list_sides(engine: EngineEntry) -> tuple[str, ...]:
    """The sides that may be named beside the pictures; an engine that passes others over takes them all."""
    return catalog.VIEWS if engine.ignores_other_views else engine.views


def list_own_options(engine: EngineEntry) -> list[Option]:
    return [option for option in engine.options if option.name not in COMMON]


def name_of_field(engine: EngineEntry, option: Option) -> str:
    return f"{engine.id}-{option.name}"


def _list_defaults(engine: EngineEntry) -> dict[str, Any]:
    common = {name: option.default for name in COMMON if (option := engine.option(name))}
    own = {name_of_field(engine, option): write_value(option.default) for option in list_own_options(engine)}
    return common | own


def write_value(value: Any) -> str:
    """An option's value as its field holds it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _build_field(option: Option) -> forms.Field:
    """The words and the widget come from the catalog; the check is the catalog's, in ``clean``."""
    words: dict[str, Any] = {
        "required": False, "label": option.label or option.name, "help_text": say_choice(option.about),
    }  # fmt: skip
    if option.choices or option.type == "boolean":
        choices = option.choices or ("true", "false")
        return forms.ChoiceField(**words, choices=[(choice, say_choice(choice)) for choice in choices])
    if option.type in ("integer", "number"):
        bounds = {"min": option.minimum, "max": option.maximum, "step": "1" if option.type == "integer" else "any"}
        attributes = {name: value for name, value in bounds.items() if value is not None}
        return forms.CharField(**words, widget=forms.NumberInput(attrs=attributes))
    return forms.CharField(**words, max_length=2_000)


def say_choice(value: str) -> str:
    """A value in the catalog's own letters: ``PBR`` stays ``PBR``."""
    words = value.replace("_", " ")
    return words[:1].upper() + words[1:]


class FormatForm(forms.Form):
    """Which further format of a finished model, and how large in print."""

    format = forms.ChoiceField(choices=[(name, name) for name in catalog.MADE_FORMATS])
    longest_edge_mm = forms.FloatField(required=False, min_value=1, max_value=10_000)

    def build_options(self) -> dict[str, float]:
        edge = self.cleaned_data["longest_edge_mm"]
        return {} if edge in (None, DEFAULT_EDGE_MM) else {"longest_edge_mm": edge}


DEFAULT_EDGE_MM = 100.0
