"""Which way did one request take through all processes? Spans for OpenTelemetry, where it is installed and wanted.

The id of a request is the id of its trace, and the id of its first span follows from it: whoever works for a job later
knows its request id from the job's row, and so the span to hang on. Nothing else need be carried or kept.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from image2model.middleware import request_id_var
from image2model.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
TRACEPARENT = re.compile(r"00-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-[0-9a-f]{2}")
FLUSH_MILLISECONDS = 2000
INSTALL = "traces need: pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"

_provider: TracerProvider | None = None
_is_root: ContextVar[bool] = ContextVar("is_root_span", default=False)


class MissingPackage(Exception):
    """Traces are wanted, and the extra ``tracing`` is not installed."""


def start_tracing(endpoint: str, *, process: str) -> None:
    """Send spans to this address from now on, in the background."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise MissingPackage(f"{error.name} is missing; {INSTALL}") from None
    use_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")), process=process)


def use_processor(processor: SpanProcessor | None, *, process: str = "") -> None:
    """None: no traces."""
    global _provider  # one for each process
    if processor is None:
        _provider = None
        return
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    facts = {"service.name": "image2model", "service.version": VERSION, "image2model.process": process}
    _provider = TracerProvider(resource=Resource.create(facts), id_generator=_make_id_generator())
    _provider.add_span_processor(processor)


def _make_id_generator() -> Any:
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    class RequestIds(IdGenerator):
        def generate_trace_id(self) -> int:
            return find_trace_id(request_id_var.get()) if request_id_var.get() else random.getrandbits(128) | 1  # nosec B311

        def generate_span_id(self) -> int:
            return find_root_id(request_id_var.get()) if _is_root.get() else random.getrandbits(64) | 1  # nosec B311

    return RequestIds()


def find_trace_id(request_id: str) -> int:
    if _TRACE_ID.fullmatch(request_id):
        return int(request_id, 16)
    return int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:16]) | 1


def find_root_id(request_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"root {request_id}".encode()).digest()[:8]) | 1


def read_traceparent(header: str) -> str:
    """The id of the caller's trace, which becomes the request's; nothing when there is none."""
    match = TRACEPARENT.fullmatch(header)
    return match[1] if match else ""


@contextmanager
def begin_trace(name: str, *, traceparent: str = "", **facts: Any) -> Iterator[Any]:
    """The first span of the present request; its caller's span is its parent when it belongs to the same trace."""
    if _provider is None:
        yield None
        return
    token = _is_root.set(True)
    try:
        span = _get_tracer().start_span(name, context=_read_parent(traceparent), kind=_kind("SERVER"), attributes=facts)
    finally:
        _is_root.reset(token)
    with _use(span):
        yield span


@contextmanager
def trace(name: str, *, kind: str = "INTERNAL", parent: str = "", request_id: str = "", **facts: Any) -> Iterator[Any]:
    """A span below the present one; below the one that ``parent`` (a traceparent) names; or below a request's first.

    What belongs to nothing is not worth a trace of its own.
    """
    if _provider is None or not (parent or request_id or _is_inside_of_a_span()):
        yield None
        return
    context = _read_parent(parent) if parent else _find_root(request_id) if request_id else None
    span = _get_tracer().start_span(name, context=context, kind=_kind(kind), attributes=_clean(facts))
    with _use(span):
        yield span


def note_past(name: str, *, seconds: float, **facts: Any) -> None:
    """A span that ended just now; only below another one."""
    if _provider is None or not _is_inside_of_a_span():
        return
    end = time.time_ns()
    span = _get_tracer().start_span(
        name, start_time=end - int(seconds * 1e9), kind=_kind("CLIENT"), attributes=_clean(facts)
    )
    span.end(end_time=end)


def carry() -> dict[str, str]:
    """The present span, for another process."""
    if _provider is None or not _is_inside_of_a_span():
        return {}
    from opentelemetry.trace import get_current_span

    now = get_current_span().get_span_context()
    return {"traceparent": f"00-{now.trace_id:032x}-{now.span_id:016x}-01"}


def flush() -> None:
    """Before a process ends in a hurry, as work horses do."""
    if _provider is not None:
        _provider.force_flush(FLUSH_MILLISECONDS)


@contextmanager
def _use(span: Any) -> Iterator[None]:
    from opentelemetry.trace import use_span

    with use_span(span, end_on_exit=True):
        yield


def _get_tracer() -> Any:
    assert _provider is not None
    return _provider.get_tracer("image2model", VERSION)


def _kind(name: str) -> Any:
    from opentelemetry.trace import SpanKind

    return SpanKind[name]


def _clean(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _is_inside_of_a_span() -> bool:
    from opentelemetry.trace import get_current_span

    return bool(get_current_span().get_span_context().is_valid)


def _read_parent(traceparent: str) -> Context:
    """An empty context without one, so that a new trace begins."""
    from opentelemetry.context import Context

    match = TRACEPARENT.fullmatch(traceparent)
    return _below(int(match[1], 16), int(match[2], 16)) if match else Context()


def _find_root(request_id: str) -> Context | None:
    """None when we are in that trace already: then below the present span."""
    from opentelemetry.trace import get_current_span

    trace_id = find_trace_id(request_id)
    is_inside = get_current_span().get_span_context().trace_id == trace_id
    return None if is_inside else _below(trace_id, find_root_id(request_id))


def _below(trace_id: int, span_id: int) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(parent), Context())
