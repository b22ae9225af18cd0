"""What is one thing that may be asked of an engine? Its type and range, and what the engine itself calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import JobError


@dataclass(frozen=True, kw_only=True)
class Option:
    """One thing that may be asked of an engine."""

    name: str
    type: str  # "integer", "number", "boolean", "string"
    default: Any = None  # None: the engine decides
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    label: str = ""
    about: str = ""
    key: str = ""  # the engine's own name for it, where it differs
    # Our value to the engine's. A mapping stands for whole arguments: several keys, or none.
    values: Mapping[Any, Any] = field(default_factory=dict)
    only_with: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # values of other options that it needs
    result_formats: Mapping[Any, str] = field(default_factory=dict)  # values with which the result is no GLB

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
        if self.choices and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # sizes are chosen from a list: 1024 means "1024"
        try:
            return readers[self.type](value)
        except (ValueError, TypeError, OverflowError):
            raise self._refuse(
                f"must be a {self.type}" if self.type != "integer" else "must be a whole number"
            ) from None

    def _refuse(self, rule: str) -> JobError:
        return JobError("invalid_parameter", f"{self.name} {rule}.", details={"parameter": self.name})

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Does it mean anything beside these values of the other options?"""
        return all(values.get(name) in wanted for name, wanted in self.only_with.items())

    def build_arguments(self, value: Any) -> dict[str, Any]:
        """The checked value in the engine's own words."""
        own = self.values.get(value, value)
        return dict(own) if isinstance(own, Mapping) else {self.key or self.name: own}

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
