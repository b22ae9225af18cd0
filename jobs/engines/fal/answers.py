"""What does FAL tell us when all is well? Frozen values, checked and free of FAL's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

State = Literal["in_queue", "in_progress", "completed"]
CancelAnswer = Literal["requested", "completed", "not_found"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a request is. ``completed`` is not success: the result says whether there is a model."""

    state: State
    position: int | None = None  # requests ahead, only in the queue
    percent: int | None = None  # from log lines, 0 to 99; most engines never say
    error: str = ""
    error_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The model's own answer, to be read with the catalog's output keys."""

    payload: dict[str, Any]
    billable_units: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """A finished request as the account's history shows it."""

    request_id: str
    endpoint: str
    sent_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    status_code: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)  # empty when FAL did not keep them

    def has_input(self, url: str) -> bool:
        """Was this address among what was sent? Upload addresses are new for each attempt."""
        return _contains(self.arguments, url)


@dataclass(frozen=True, kw_only=True)
class UnitPrice:
    """What one billable unit of an endpoint costs."""

    endpoint: str
    amount: Decimal
    unit: str
    currency: str = "USD"


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that has arrived whole. ``kind`` is told from its first bytes, never from its name or type."""

    path: Path
    size: int
    sha256: str
    content_type: str
    kind: str  # glb, zip, fbx, png, jpeg, webp, or empty


def _contains(value: Any, url: str) -> bool:
    if isinstance(value, str):
        return value == url
    if isinstance(value, Mapping):
        return any(_contains(each, url) for each in value.values())
    return isinstance(value, list | tuple) and any(_contains(each, url) for each in value)
