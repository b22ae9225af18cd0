"""Which options do many engines share? The common fields, in each engine's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.catalog.options import Option

ENGINES_OWN = "Empty: the engine decides."
SEE_MODEL_PAGE = "See the model's page at FAL for the licence."


def make_seed(key: str = "seed", *, maximum: int = 2**31 - 1) -> Option:
    return Option(
        name="seed", key=key, type="integer", minimum=0, maximum=maximum, label="Seed",
        about="The same picture, options and seed make a similar model again. Empty: a random one.",
    )  # fmt: skip


def make_face_limit(key: str = "face_limit", *, minimum: int, maximum: int, about: str = "") -> Option:
    words = about or "The engine is asked for at most this many faces."
    return Option(
        name="face_limit", key=key, type="integer", minimum=minimum, maximum=maximum, label="Face limit",
        about=f"{words} {ENGINES_OWN}",
    )  # fmt: skip


def make_texture(values: Mapping[str, Any], *, about: str, key: str = "texture") -> Option:
    """The common values that the engine has, in its own words."""
    return Option(
        name="texture", key=key, type="string", default="standard", choices=tuple(values), label="Texture",
        values=values, about=about,
    )  # fmt: skip


def make_switch(name: str, *, key: str = "", default: bool = False, label: str, about: str, **rest: Any) -> Option:
    return Option(name=name, key=key, type="boolean", default=default, label=label, about=about, **rest)


def make_choice(
    name: str, *choices: str, key: str = "", default: str | None = None, label: str, about: str, **rest: Any
) -> Option:
    """One of some words, the first by default."""
    return Option(
        name=name, key=key, type="string", default=default or choices[0], choices=choices, label=label, about=about,
        **rest,
    )  # fmt: skip
