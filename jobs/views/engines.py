"""What does the upload page say of each engine? A card for people, and the figures that its scripts compute with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.forms import BoundField

from accounts.models import User
from jobs import catalog, progress
from jobs.catalog import EngineEntry, Option
from jobs.services import money
from jobs.views.forms import COMMON, OptionsForm, list_own_options, name_of_field, say_choice, write_value

FAST_SECONDS = 60
KINDS = {"fast": "Fast", catalog.QUALITY: "Quality", catalog.LOW_POLY: "Low-poly", "multi_view": "Multi-view"}
PROVIDERS = {"fal": "At FAL.AI", "local": "On this machine"}
MODEL_PAGE = "https://fal.ai/models/"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An own option of an engine, and its field in the form."""

    option: Option
    field: BoundField

    @property
    def is_switch(self) -> bool:
        return self.option.type == "boolean"


@dataclass(frozen=True, kw_only=True)
class Card:
    """One engine to choose. What changes its price is shown at once, the rest of its options on request."""

    entry: EngineEntry
    is_chosen: bool
    seconds: float
    kinds: tuple[str, ...]
    main: list[Choice]
    more: list[Choice]

    @property
    def most_faces(self) -> float | None:
        limit = self.entry.option("face_limit")
        return limit.maximum if limit else None

    @property
    def kind_names(self) -> list[str]:
        return [KINDS[kind] for kind in self.kinds]

    @property
    def price_note(self) -> str:
        note = self.entry.price_note
        return note[:1].lower() + note[1:]

    @property
    def model_page(self) -> str:
        return f"{MODEL_PAGE}{self.entry.endpoint}" if self.entry.provider == "fal" else ""

    @property
    def has_errors(self) -> bool:
        return any(choice.field.errors for choice in self.more)


def build_cards(form: OptionsForm) -> list[Card]:
    return [_build_card(form, engine) for engine in form.engines]


def _build_card(form: OptionsForm, engine: EngineEntry) -> Card:
    choices = [Choice(option=each, field=form[name_of_field(engine, each)]) for each in list_own_options(engine)]
    priced = _find_priced(engine)
    return Card(
        entry=engine,
        is_chosen=engine.id == form.engine_entry.id,
        seconds=progress.typical_seconds(engine.id),
        kinds=tuple(_find_kinds(engine)),
        main=[choice for choice in choices if choice.option.name in priced],
        more=[choice for choice in choices if choice.option.name not in priced],
    )


def _find_kinds(engine: EngineEntry) -> Iterator[str]:
    if engine.typical_seconds <= FAST_SECONDS:
        yield "fast"
    yield from engine.good_for
    if len(engine.views) > 1:
        yield "multi_view"


def _find_priced(engine: EngineEntry) -> set[str]:
    """The options that change the price, and those on which these depend."""
    names = {each.option for each in engine.surcharges}
    needed = {other for name in names if (option := engine.option(name)) for other in option.only_with}
    return names | needed


def group_cards(cards: Sequence[Card]) -> list[tuple[str, list[Card]]]:
    """By who runs them, each engine in its old place within its group."""
    order = list(dict.fromkeys(card.entry.provider for card in cards))
    ordered = sorted(cards, key=lambda card: order.index(card.entry.provider))
    return [(PROVIDERS.get(key, key), list(group)) for key, group in groupby(ordered, lambda card: card.entry.provider)]


def describe_engines(cards: Sequence[Card], *, user: User) -> dict[str, Any]:
    """For the page's scripts: each engine in figures, and what is left of the month's budget (USD)."""
    remaining = money.read_budget(user).remaining
    return {
        "engines": {card.entry.id: _describe(card) for card in cards},
        "remaining": None if remaining is None else float(remaining),
    }


def _describe(card: Card) -> dict[str, Any]:
    engine = card.entry
    return {
        "id": engine.id,
        "name": engine.name,
        "price": None if engine.price is None else float(engine.price),
        "surcharges": [
            {"option": each.option, "value": write_value(each.value), "amount": float(each.amount)}
            for each in engine.surcharges
        ],
        "seconds": card.seconds,
        "at_once": progress.count_workers(engine.id),
        "options": {option.name: _describe_option(engine, option) for option in engine.options},
        "is_free": money.is_free(engine.id),
        **_describe_views(engine),
    }


def _describe_option(engine: EngineEntry, option: Option) -> dict[str, Any]:
    facts = {
        "default": write_value(option.default),
        "least": option.minimum,
        "most": option.maximum,
        "choices": list(option.choices),
        "only_with": {name: [write_value(value) for value in values] for name, values in option.only_with.items()},
    }
    if option.name in COMMON:
        facts["about"] = say_choice(option.about)
    else:
        facts["field"] = name_of_field(engine, option)
    return {name: value for name, value in facts.items() if value not in (None, [], {})}


def _describe_views(engine: EngineEntry) -> dict[str, Any]:
    return {
        "views": list(engine.views),
        "required_views": list(engine.required_views),
        "least_views": engine.min_images,
        "most_views": engine.max_images,
        "is_order_fixed": engine.is_order_fixed,
        "ignores_other_views": engine.ignores_other_views,
    }
