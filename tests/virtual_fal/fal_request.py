"""What is known of one accepted request, and what does its status say at a moment?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from .endpoints import Endpoint
from .errors import Failure
from .hosts import Place
from .logs import Line, write_lines
from .models.shelf import Wanted
from .scenarios import Scenario

WAITING, RUNNING, OVER = "waiting", "running", "over"
_REQUEUED_SHARE = 0.25  # of a piece of the run, spent in the queue again


@dataclass(frozen=True)
class ResultFile:
    wanted: Wanted
    content_type: str


@dataclass(eq=False)
class FalRequest:
    """One accepted POST. Times are the clock's; what depends on the moment is arithmetic on them."""

    id: str
    endpoint_id: str
    app: str
    endpoint: Endpoint | None  # None: the application exists, this path of it does not
    arguments: Any
    pictures: Sequence[str]  # sha256
    place: Place
    headers: Mapping[str, str]
    webhook: str
    scenario: Scenario
    submitted_at: float
    eligible_at: float
    run_seconds: float
    start_deadline: float | None = None
    is_low: bool = False
    keeps_payloads: bool = True
    marker: str = ""
    ticket: int = 0
    state: str = WAITING
    started_at: float | None = None
    ends_at: float | None = None
    ended_at: float | None = None
    problem: Failure | None = None  # what the model has against the input, known when the run begins
    failure: Failure | None = None
    cancel_asked: bool = False
    output: dict[str, Any] | None = None
    files: dict[str, ResultFile] = field(default_factory=dict)
    payloads_deleted: bool = False
    _lines: list[Line] = field(default_factory=list)
    _cached: tuple[Any, bytes] = (None, b"")

    @property
    def base_url(self) -> str:
        return f"{self.place.queue}/{self.app}/requests/{self.id}"

    @property
    def gateway_id(self) -> str:
        """The id of FAL's last attempt: another one than the request's once FAL re-queued it."""
        retries = self.scenario.regressions
        return str(uuid5(NAMESPACE_URL, f"{self.id}/{retries}")) if retries else self.id

    @property
    def cost(self) -> Decimal:
        priced = self._priced_endpoint()
        return priced.cost(self.arguments) if priced else Decimal(0)

    @property
    def is_billed(self) -> bool:
        """Did FAL charge for it? Results are charged, failures only where the scenario says so."""
        if self.state != OVER:
            return False
        return self.failure is None if self.scenario.billed is None else self.scenario.billed

    def count_units(self) -> Decimal:
        priced = self._priced_endpoint()
        return priced.units(self.arguments) if priced and self.is_billed else Decimal(0)

    def start(self, moment: float) -> None:
        """Begin the run; it ends after the run time and the pauses of re-queueing."""
        self.state, self.started_at = RUNNING, moment
        pauses = self.scenario.regressions * self._piece() * _REQUEUED_SHARE
        self.ends_at = None if self.scenario.forever else moment + self.run_seconds + pauses
        self._lines = write_lines(self.scenario, started_at=moment, run_seconds=self.run_seconds + pauses)

    def end(self, moment: float, failure: Failure | None) -> None:
        self.state, self.ended_at, self.failure = OVER, moment, failure

    def is_requeued(self, moment: float) -> bool:
        """Does FAL show it in the queue again at this moment of its run?"""
        if not self.scenario.regressions or self.started_at is None or self.state == OVER:
            return False
        piece = self._piece()
        turn, rest = divmod(moment - self.started_at, piece * (1 + _REQUEUED_SHARE))
        return turn < self.scenario.regressions and rest > piece

    def show_position(self, moment: float, ahead: int) -> int:
        """The place in the queue: a scripted one falls evenly to 0 while the request waits."""
        scripted = self.scenario.queue_position
        if scripted is None:
            return ahead
        wait = self.eligible_at - self.submitted_at
        left = max(0.0, self.eligible_at - moment) / wait if wait > 0 else 0.0
        return max(ahead, int(scripted * left))

    def write_status(self, moment: float, *, ahead: int, with_logs: bool, new_after: int = 0) -> tuple[int, bytes]:
        """HTTP status and JSON body, as FAL answers at this moment; equal answers are made once."""
        waits = self.state == WAITING or self.is_requeued(moment)
        shown = self.count_lines(moment) if with_logs and not waits else 0
        position = self.show_position(moment, ahead) if self.state == WAITING else 0
        key = (self.state, waits, with_logs, shown, position, new_after)
        if self._cached[0] != key:
            tells = with_logs and not waits and self.scenario.logs != "none"
            lines = [line.entry for line in self._lines[new_after:shown]] if tells else None
            self._cached = (key, json.dumps(self._describe(waits, position, lines)).encode())
        return (200 if self.state == OVER else 202), self._cached[1]

    def count_lines(self, moment: float) -> int:
        return sum(1 for line in self._lines if line.at <= moment)

    def describe_submit(self, ahead: int) -> dict[str, Any]:
        answer = self._describe(True, ahead, None)
        if self.webhook:
            answer["gateway_request_id"] = self.id
        return answer

    def _describe(self, waits: bool, position: int, lines: list[dict[str, Any]] | None) -> dict[str, Any]:
        base = self.base_url
        shown: dict[str, Any] = {
            "status": "COMPLETED" if self.state == OVER else "IN_QUEUE" if waits else "IN_PROGRESS",
            "request_id": self.id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
        }
        if waits and self.state != OVER:
            shown["queue_position"] = position
        shown |= {"logs": lines, "metrics": self._describe_metrics()}
        if self.failure and self._shows_error(self.failure):
            shown["error"] = self.failure.error or "Request failed"
            shown["error_type"] = self.failure.error_type or "internal_error"
        return shown

    def _describe_metrics(self) -> dict[str, float]:
        if self.state != OVER or self.started_at is None or self.ended_at is None:
            return {}
        return {"inference_time": round(self.ended_at - self.started_at, 6)}

    def _shows_error(self, failure: Failure) -> bool:
        asked = self.scenario.error_in_status
        return bool(failure.error_type) if asked is None else asked

    def _piece(self) -> float:
        return self.run_seconds / (self.scenario.regressions + 1)

    def _priced_endpoint(self) -> Endpoint | None:
        return self.endpoint if isinstance(self.arguments, dict) else None
