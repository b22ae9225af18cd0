"""What was asked of FAL, and what would it have cost? Every request that came in, without the key's secret."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .fal_request import FalRequest
from .inputs import list_picture_urls

_FREQUENT = frozenset({"status", "stream"})


@dataclass(slots=True)
class Entry:
    """One HTTP request and how it was answered."""

    number: int
    at: float
    method: str
    host: str
    path: str
    query: str
    headers: tuple[tuple[bytes, bytes], ...]
    step: str = ""
    request_id: str = ""
    endpoint: str = ""
    picture: str = ""
    marker: str = ""
    status: int = 0  # 0: no answer was given
    fault: str = ""

    def describe(self) -> dict[str, Any]:
        shown = {name: getattr(self, name) for name in self.__slots__ if name != "headers"}
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.headers}
        if "authorization" in headers:
            headers["authorization"] = hide_secret(headers["authorization"])
        return {**shown, "headers": headers}


def hide_secret(authorization: str) -> str:
    """The scheme and the key's id; the secret after the colon, or the whole token, is left out."""
    scheme, _, credential = authorization.partition(" ")
    identifier, colon, _ = credential.partition(":")
    return f"{scheme} {identifier}:<hidden>" if colon else f"{scheme} <hidden>"


class Ledger:
    def __init__(self, *, size: int) -> None:
        self.entries: list[Entry] = []
        self.polls: deque[Entry] = deque(maxlen=size)
        self.counts: Counter[str] = Counter()
        self.refused_hosts: Counter[str] = Counter()
        self.connects: Counter[str] = Counter()
        self.deliveries: list[dict[str, Any]] = []
        self.requests: list[FalRequest] = []
        self._number = 0

    def clear(self) -> None:
        for each in (self.entries, self.polls, self.counts, self.refused_hosts, self.connects, self.deliveries):
            each.clear()
        self.requests.clear()

    def open(self, *, at: float, method: str, host: str, path: str, query: str, headers: Any) -> Entry:
        self._number += 1
        return Entry(self._number, at, method, host, path, query, headers)

    def file(self, entry: Entry, step: str) -> None:
        """Keep the entry once its step is known."""
        entry.step = step
        self.counts[step] += 1
        (self.polls if step in _FREQUENT else self.entries).append(entry)

    def describe(self, *, since: int = 0, step: str = "") -> dict[str, Any]:
        entries = sorted((*self.entries, *self.polls), key=lambda entry: entry.number)
        return {
            "requests": [e.describe() for e in entries if e.number > since and (not step or e.step == step)],
            "submits": [describe_submit(request) for request in self.requests],
            "counts": dict(self.counts),
            "spend": _add_up(self.requests),
            "connects": dict(self.connects),
            "refused_hosts": dict(self.refused_hosts),
            "webhooks": list(self.deliveries),
        }

    def summarise(self) -> dict[str, Any]:
        """Counts and money without the requests: cheap to ask for often."""
        return {
            "counts": dict(self.counts),
            "spend": _add_up(self.requests),
            "submits": len(self.requests),
            "states": dict(Counter(request.state for request in self.requests)),
        }


def describe_submit(request: FalRequest) -> dict[str, Any]:
    """One accepted POST, that is: one thing that costs money."""
    failure = request.failure
    urls = list_picture_urls(request.endpoint, request.arguments)
    return {
        "request_id": request.id,
        "endpoint": request.endpoint_id,
        "arguments": request.arguments,
        "picture": request.pictures[0] if request.pictures else "",
        "pictures": list(request.pictures),
        "picture_url": urls[0][1] if urls else "",
        "marker": request.marker,
        "webhook": request.webhook,
        "scenario": request.scenario.name,
        "state": request.state,
        "submitted_at": request.submitted_at,
        "started_at": request.started_at,
        "ended_at": request.ended_at,
        "cancel_asked": request.cancel_asked,
        "result_status": None if request.ended_at is None else failure.status if failure else 200,
        "unknown_inputs": _list_unknown(request),
        "cost": str(request.cost),
        "billed": request.is_billed,
    }


def _list_unknown(request: FalRequest) -> list[str]:
    if request.endpoint is None or not isinstance(request.arguments, dict):
        return []
    return sorted(set(request.arguments) - set(request.endpoint.inputs))


def _add_up(requests: Iterable[FalRequest]) -> dict[str, str]:
    accepted = billed = Decimal(0)
    for request in requests:
        accepted += request.cost
        billed += request.cost if request.is_billed else 0
    return {"accepted": str(accepted), "billed": str(billed), "currency": "USD"}
