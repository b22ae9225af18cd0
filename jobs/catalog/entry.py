"""What is said of an engine? The columns of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from jobs.catalog.formats import FORMATS
from jobs.catalog.options import Option

QUALITY, LOW_POLY = "quality", "low_poly"
VIEWS = ("front", "left", "back", "right", "top", "bottom", "left_front", "right_front")


@dataclass(frozen=True, kw_only=True)
class Surcharge:
    """What a generation costs more, or less, than at the defaults when an option has this value. USD."""

    option: str
    value: Any
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class PictureLimits:
    """What the engine asks of each picture. Sides in pixels; zero: no limit is known."""

    min_side: int = 0
    max_side: int = 0
    max_bytes: int = 0
    content_types: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp")  # others are re-encoded to PNG


@dataclass(frozen=True, kw_only=True)
class EngineEntry:
    """One engine as data."""

    id: str
    name: str
    provider: str
    queue: str  # which RQ queue runs it
    about: str
    options: tuple[Option, ...]
    endpoint: str  # dotted path of a local engine, or the endpoint id at its provider
    formats: tuple[str, ...] = tuple(FORMATS)
    typical_seconds: int
    licence: str
    licence_badge: str = ""  # what of it must not be overlooked, in a few words
    note: str = ""
    good_for: tuple[str, ...] = ()  # of QUALITY, LOW_POLY; what follows from other columns is not said again

    price: Decimal | None = None  # for one generation at the defaults, USD; None: not known
    surcharges: tuple[Surcharge, ...] = ()
    price_note: str = ""

    # How it takes its pictures: one key, a list, or a key for each view.
    image_key: str = ""
    image_list_key: str = ""
    image_order: tuple[str, ...] = VIEWS  # of a list
    is_order_fixed: bool = False  # a list is read by position, so no view may be missing before another
    view_keys: Mapping[str, str] = field(default_factory=dict)
    required_views: tuple[str, ...] = ("front",)
    min_images: int = 1
    max_images: int = 1
    ignores_other_views: bool = False  # further views are taken, and passed over with a warning
    picture_limits: PictureLimits = PictureLimits()

    fixed_arguments: Mapping[str, Any] = field(default_factory=dict)
    output_keys: tuple[str, ...] = ()  # where the model is in a result, dotted, the best first
    preview_keys: tuple[str, ...] = ()

    @property
    def views(self) -> tuple[str, ...]:
        """The views that it makes use of."""
        if self.view_keys:
            return tuple(view for view in VIEWS if view in self.view_keys)
        return self.image_order if self.image_list_key else ("front",)

    def option(self, name: str) -> Option | None:
        return next((option for option in self.options if option.name == name), None)

    def describe_options(self) -> dict[str, Any]:
        """JSON schema of all options."""
        properties = {option.name: option.describe() for option in self.options}
        return {"type": "object", "properties": properties, "additionalProperties": False}
