"""What is said of an endpoint? The columns of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Arguments = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Input:
    kind: str  # url, urls, text, texts, boolean, integer, number, object
    required: bool = False
    choices: tuple[Any, ...] = ()
    least: float | None = None  # of a number; of a list: its length
    most: float | None = None


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What the endpoint asks of the pictures themselves."""

    least_side: int = 1
    most_side: int = 20_000
    most_bytes: int = 50 * 1024 * 1024
    formats: frozenset[str] = frozenset({"JPEG", "PNG", "WEBP"})


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    id: str
    inputs: Mapping[str, Input]
    outputs: Mapping[str, str]  # output key to a role of outputs.py; a role after "?" only where it applies
    unit_price: Decimal  # US dollars for each unit
    unit: str = "generations"
    units: Callable[[Arguments], Decimal] = lambda arguments: Decimal(1)
    seconds: float = 60.0
    pictures: Pictures = field(default_factory=Pictures)
    model_format: Callable[[Arguments], str] = lambda arguments: "glb"

    @property
    def app(self) -> str:
        return "/".join(self.id.split("/")[:2])

    def cost(self, arguments: Arguments) -> Decimal:
        return self.units(arguments) * self.unit_price


def choice(*values: Any) -> Input:
    return Input(kind="text", choices=values)


def number(least: float | None = None, most: float | None = None) -> Input:
    return Input(kind="number", least=least, most=most)


def integer(least: float | None = None, most: float | None = None) -> Input:
    return Input(kind="integer", least=least, most=most)


def picture(*, required: bool = True) -> Input:
    return Input(kind="url", required=required)


def picture_list(least: int = 1, most: int | None = None) -> Input:
    return Input(kind="urls", required=True, least=least, most=most)


BOOLEAN = Input(kind="boolean")
TEXT = Input(kind="text")
OBJECT = Input(kind="object")
SEED = Input(kind="integer")


def is_on(arguments: Arguments, key: str, *, default: bool) -> bool:
    """The value of a switch, its default where nothing or null was sent."""
    value = arguments.get(key)
    return default if value is None else bool(value)
