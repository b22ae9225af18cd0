"""What came in, what went out, how long did it take? Of every HTTP request one line in the log and one count."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import Resolver404, resolve

from image2model.answers import refusals_var
from image2model.middleware import RECORD_KEY, choose_request_id, request_id_var
from image2model.ops import meters, tracing

logger = logging.getLogger("image2model.requests")

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


CLIENT_LEFT = 499  # nobody was there any more to be answered
REQUEST_ID = b"x-request-id"
UNMATCHED, STATIC = "unmatched", "static"
QUIET = frozenset({STATIC, "health", "api/v1/health", "api/v1/health/liveness", "api/v1/health/readiness",
                   "api/v1/health/metrics"})  # fmt: skip


@dataclass(kw_only=True)
class Record:
    """One request. The route is a pattern, so that neither ids nor file names get into logs and metrics."""

    method: str
    path: str
    request_id: str
    traceparent: str = ""  # the caller's span, when this request belongs to the caller's trace
    route: str = UNMATCHED
    user_id: int | None = None
    status: int | None = None
    is_stream: bool = False
    began: float
    answered: float | None = None
    refusals: list[str] = field(default_factory=list)  # error codes: one, when the caller was refused


class Recorder:
    """Gives each request its id, and tells how it went when it is over."""

    def __init__(self, other: App) -> None:
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        record = begin_record(scope)
        token, noted = request_id_var.set(record.request_id), refusals_var.set(record.refusals)

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                note_start(record, message)
            await send(message)

        try:
            with tracing.begin_trace(record.method, traceparent=record.traceparent) as span:
                await self._pass_on(record, scope, receive, watch)
                name_span(span, record)
        finally:
            end_record(record)
            request_id_var.reset(token)
            refusals_var.reset(noted)

    async def _pass_on(self, record: Record, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.other(scope, receive, send)
        except Exception:
            record.status = record.status or 500
            raise
        finally:
            if record.route == UNMATCHED and record.status != 404:
                record.route = find_route(record.path)


def begin_record(scope: Scope) -> Record:
    """Leaves the id in the headers, so that everybody behind takes the same one."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    traceparent = headers.get(b"traceparent", "")
    offered = headers.get(REQUEST_ID) or tracing.read_traceparent(traceparent)
    record = Record(
        traceparent=traceparent if offered == tracing.read_traceparent(traceparent) else "",
        method=scope["method"],
        path=scope["path"],
        request_id=choose_request_id(offered),
        began=time.perf_counter(),
    )
    others = [(name, value) for name, value in scope["headers"] if name != REQUEST_ID]
    scope["headers"] = [*others, (REQUEST_ID, record.request_id.encode("ascii"))]
    scope[RECORD_KEY] = record
    if scope["path"].startswith("/static/"):
        record.route = STATIC
    return record


def name_span(span: Any, record: Record) -> None:
    """By its route, which is only known at the end."""
    if span is not None:
        span.update_name(f"{record.method} {record.route}")
        span.set_attributes({"http.route": record.route, "http.response.status_code": record.status or CLIENT_LEFT})


def note_start(record: Record, message: Message) -> None:
    record.status, record.answered = message["status"], time.perf_counter()
    record.is_stream = is_event_stream(message.get("headers", ()))


def is_event_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers)


def end_record(record: Record) -> None:
    """A stream is as quick as its beginning: how long somebody listens says nothing about us."""
    now = time.perf_counter()
    status = record.status or CLIENT_LEFT
    spent = now - record.began
    waited = record.answered - record.began if record.is_stream and record.answered else spent
    meters.note_request(method=record.method, route=record.route, status=status, seconds=waited)
    level = choose_level(record, status=status)
    facts = {
        "method": record.method,
        "route": record.route,
        "status": status,
        "ms": round(1000 * waited, 1),
        "user_id": record.user_id,
        "error_code": record.refusals[-1] if record.refusals and status >= 400 else None,
    }
    if record.is_stream:
        facts["open_seconds"] = round(spent, 1)
    shown = record.route if record.route == "/" else f"/{record.route}"
    logger.log(level, "%s %s %s %s ms", record.method, shown, status, facts["ms"], extra={"facts": facts})


def choose_level(record: Record, *, status: int) -> int:
    """What comes often is told only when it goes wrong."""
    if status >= 500:
        return logging.WARNING
    is_quiet = record.route == STATIC or (record.route in QUIET and status < 400)
    return logging.DEBUG if is_quiet else logging.INFO


def find_route(path: str) -> str:
    """Of a request that was answered before it came to its view."""
    try:
        return resolve(path).route.removesuffix("/") or "/"
    except Resolver404:
        return UNMATCHED


def find_record(scope: Scope) -> Record | None:
    return scope.get(RECORD_KEY)
