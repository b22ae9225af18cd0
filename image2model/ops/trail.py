"""For whom is this done? Log lines and spans of work for a generation belong to the request that asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from image2model.ops import meters, tracing
from image2model.ops.logs import bind


@contextmanager
def follow(name: str, *, request_id: str, job_id: UUID, generation_id: UUID, **facts: Any) -> Iterator[None]:
    ids = {"job_id": str(job_id), "generation_id": str(generation_id)}
    with bind(request_id=request_id, **ids), tracing.trace(name, request_id=request_id, **ids, **facts):
        yield


@contextmanager
def follow_bell(name: str, *, meta: dict[str, str]) -> Iterator[None]:
    """What a doorbell started. Its work horse ends in a hurry afterwards."""
    parent = meta.get("traceparent", "")
    try:
        with bind(request_id=meta.get("request_id", "")), tracing.trace(name, kind="CONSUMER", parent=parent):
            yield
    finally:
        tracing.flush()


def note_provider_call(operation: str, outcome: str, seconds: float) -> None:
    """One call to FAL: in the metrics, and in the trace of the generation that it is for."""
    meters.note_provider_call(operation, outcome, seconds)
    tracing.note_past(f"fal {operation}", seconds=seconds, outcome=outcome)
