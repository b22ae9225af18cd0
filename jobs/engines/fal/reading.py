"""What does an answer of FAL say? JSON of any quality, read without surprise."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from .answers import HistoryEntry, State, Status, UnitPrice
from .errors import Transient
from .hosts import check_request_id

_STATES: dict[str, State] = {"IN_QUEUE": "in_queue", "IN_PROGRESS": "in_progress", "COMPLETED": "completed"}
_PERCENT = re.compile(r"progress\s*[:=]?\s*(\d{1,3})\s*%", re.IGNORECASE)
_MOST_TEXT = 500
_DEEPEST = 50


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, read to its end. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def read_json(self) -> Any:
        """The JSON value; ``None`` when it is none. Nothing in it can break a database."""
        try:
            return clean(json.loads(self.body, parse_constant=lambda name: None))
        except (ValueError, RecursionError):
            return None

    def read_object(self) -> dict[str, Any] | None:
        value = self.read_json()
        return value if isinstance(value, dict) else None

    def read_units(self) -> Decimal | None:
        """``x-fal-billable-units``: what the account is charged for this request, in the endpoint's unit."""
        return read_decimal(self.headers.get("x-fal-billable-units"))


def clean(value: Any, depth: int = 0) -> Any:
    """Without NUL, lone surrogates and endless nesting, which PostgreSQL or Python would stumble over later."""
    if isinstance(value, str):
        return clean_text(value)
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        return {clean_text(key): clean(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [clean(each, depth + 1) for each in value]
    return value


def clean_text(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def read_status(answer: Answer, *, request_id: str) -> Status:
    """Any oddity is ``Transient``: a poll must never end a request that is paid for."""
    said = answer.read_object()
    state = _STATES.get(str(said.get("status"))) if said else None
    if said is None or state is None:
        raise misread("a status without a known state")
    if said.get("request_id") not in (None, request_id):
        raise misread("the status of another request")
    return Status(
        state=state,
        position=_read_count(said.get("queue_position")) if state == "in_queue" else None,
        percent=read_percent(said.get("logs")) if state == "in_progress" else None,
        error=read_text(said.get("error")),
        error_type=read_text(said.get("error_type")),
    )


def read_percent(logs: Any) -> int | None:
    """The highest "progress: NN%" of the log lines, at most 99."""
    messages = (line.get("message") for line in logs if isinstance(line, dict)) if isinstance(logs, list) else ()
    found = [int(match) for text in messages if isinstance(text, str) for match in _PERCENT.findall(text)]
    return min(max(found), 99) if found else None


def read_history(item: Any) -> HistoryEntry | None:
    """One line of the request history, if it names a request."""
    if not isinstance(item, dict):
        return None
    try:
        request_id = check_request_id(item.get("request_id"))
    except ValueError:
        return None
    arguments = item.get("json_input")
    return HistoryEntry(
        request_id=request_id,
        endpoint=read_text(item.get("endpoint_id")),
        sent_at=read_time(item.get("sent_at")),
        started_at=read_time(item.get("started_at")),
        ended_at=read_time(item.get("ended_at")),
        status_code=_read_count(item.get("status_code")),
        arguments=arguments if isinstance(arguments, dict) else {},
    )


def read_price(said: Any, *, endpoint: str) -> UnitPrice | None:
    prices = said.get("prices") if isinstance(said, dict) else None
    for item in prices if isinstance(prices, list) else ():
        if isinstance(item, dict) and item.get("endpoint_id") == endpoint:
            amount = read_decimal(item.get("unit_price"))
            currency = read_text(item.get("currency")) or "USD"
            if amount is not None:
                return UnitPrice(endpoint=endpoint, amount=amount, unit=read_text(item.get("unit")), currency=currency)
    return None


def read_decimal(value: Any) -> Decimal | None:
    """A finite number that is not negative, from text or JSON."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < Decimal(10**9) else None


def read_time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_text(value: Any) -> str:
    return value[:_MOST_TEXT] if isinstance(value, str) else ""


def misread(detail: str) -> Transient:
    return Transient("provider_unreachable", "FAL's answer could not be read.", retryable=True, detail=detail)


def _read_count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
