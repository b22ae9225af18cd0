"""What waits for nothing but a worker, and since when? For alerts, metrics, and those who start workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, QuerySet

from image2model.ops.checks import list_waiting, measure_age
from jobs import catalog, queue
from jobs.states import WaitingReason


@dataclass(frozen=True, kw_only=True)
class Backlog:
    waiting: int
    oldest_seconds: int


def list_free() -> QuerySet[Any]:
    """What waits without a reason of its own, such as a budget or a paused provider."""
    return list_waiting().filter(waiting_reason__in=("", WaitingReason.QUEUE))


def read_backlog(name: str) -> Backlog:
    """Of one queue."""
    engines = [entry.id for entry in catalog.ENGINES.values() if entry.queue == name]
    facts = list_free().filter(engine__in=engines).aggregate(number=Count("pk"), oldest=Min("since"))
    return Backlog(waiting=facts["number"], oldest_seconds=measure_age(facts["oldest"]))


def measure_waits() -> dict[str, int]:
    """Seconds by queue; 0 where nothing waits."""
    return {name: read_backlog(name).oldest_seconds for name in (queue.LOCAL, queue.FAL)}
