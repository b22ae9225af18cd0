"""How far is it, in words and seconds? Places in the queue, times to come, sentences for people."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, F, QuerySet

from jobs import catalog, reasons
from jobs.models import MAY_BE_PAID, Attempt, Generation, Job, Provider, WorkerHeartbeat
from jobs.states import Stage, Status, WaitingReason

MEASURED_TTL = 30  # seconds that a measured figure is used again


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is to come for the unfinished generations of a job."""

    positions: dict[UUID, int] = field(default_factory=dict)  # how many are before it, here or in FAL's queue
    seconds: dict[UUID, int] = field(default_factory=dict)  # not of those that wait for nobody knows how long
    hints: dict[UUID, str] = field(default_factory=dict)  # what is behind its state and what happens next
    job_seconds: int | None = None


def foresee(generations: list[Generation]) -> Outlook:
    """Places and times of one job's unfinished generations, from measured durations."""
    waiting = [generation for generation in generations if generation.status == Status.QUEUED]
    running = [generation for generation in generations if generation.status == Status.PROCESSING]
    positions = _find_positions(waiting)
    seconds = {generation.pk: _remaining_seconds(generation) for generation in running}
    for generation in waiting:
        rounds = math.ceil((positions[generation.pk] + 1) / count_workers(generation.engine))
        seconds[generation.pk] = math.ceil(rounds * typical_seconds(generation.engine))
    stuck = {generation.pk for generation in [*waiting, *running] if reasons.is_stuck(generation)}
    return Outlook(
        positions=positions | _find_positions_at_provider(running),
        seconds={pk: left for pk, left in seconds.items() if pk not in stuck},
        hints=_find_hints(generations),
        job_seconds=None if stuck else max(seconds.values(), default=None),
    )


def _find_positions(waiting: list[Generation]) -> dict[UUID, int]:
    """Turns go round the owners, so before my n-th wait at most n of each other owner's."""
    if not waiting:
        return {}
    owner, queued = waiting[0].owner_id, Generation.objects.filter(status=Status.QUEUED).order_by()
    others = queued.filter(engine__in={generation.engine for generation in waiting}).exclude(owner=owner)
    mine = queued.filter(owner=owner, created_at__lt=waiting[0].created_at).exclude(job=waiting[0].job_id)
    numbers = dict(_count_by_owner(others).union(_count_by_owner(mine), all=True))  # one question, two indexes
    earlier = numbers.pop(owner, 0)
    return {
        generation.pk: earlier + index + sum(min(number, earlier + index + 1) for number in numbers.values())
        for index, generation in enumerate(waiting)
    }


def _count_by_owner(rows: QuerySet[Generation]) -> QuerySet[Generation, tuple[int, int]]:
    return rows.values_list("owner").annotate(number=Count("id"))


def _find_positions_at_provider(running: list[Generation]) -> dict[UUID, int]:
    """How many requests are before it in the provider's own queue, as it last said."""
    queued = {generation.pk for generation in running if generation.stage == Stage.IN_ENGINE_QUEUE}
    if not queued:
        return {}
    rows = Attempt.objects.running_at_provider().filter(generation__in=queued, number=F("generation__attempt"))
    places = rows.values_list("generation", "provider_position")
    return {pk: place for pk, place in places if place is not None}


def _find_hints(generations: list[Generation]) -> dict[UUID, str]:
    """Asks the database only where something is out of the ordinary."""
    is_paused = any(row.waiting_reason == WaitingReason.ENGINE_PAUSED for row in generations if row.is_active)
    provider = Provider.objects.first() if is_paused else None
    charged = _find_open_bills(generations)
    hints = {
        row.pk: reasons.CHARGE_HINT if row.pk in charged else _find_hint(row, provider=provider) for row in generations
    }
    return {pk: hint for pk, hint in hints.items() if hint}


def _find_hint(generation: Generation, *, provider: Provider | None) -> str:
    if generation.is_active:
        return reasons.explain_state(generation, provider=provider)
    return reasons.name_other_engine(generation)


def _find_open_bills(generations: list[Generation]) -> set[UUID]:
    """The cancelled ones that a provider had, or may have had, and whose cost is not known yet."""
    cancelled = [row.pk for row in generations if row.status == Status.CANCELLED and reasons.is_at_provider(row)]
    if not cancelled:
        return set()
    sent = Attempt.objects.filter(generation__in=cancelled, submission__in=MAY_BE_PAID, settled_at=None)
    return set(sent.values_list("generation", flat=True))


def _remaining_seconds(generation: Generation) -> int:
    share_left = (100 - generation.progress) / 100
    return math.ceil(typical_seconds(generation.engine) * share_left)


def estimate_seconds(engine: str, *, count: int) -> int:
    """How long so many would take if nothing else waited."""
    return math.ceil(math.ceil(count / count_workers(engine)) * typical_seconds(engine))


def typical_seconds(engine: str) -> float:
    """The median of its latest fifty successes; the catalog's figure before there are five."""
    return cache.get_or_set(f"typical-seconds-{engine}", lambda: _measure_seconds(engine), MEASURED_TTL)  # type: ignore[return-value]


def _measure_seconds(engine: str) -> float:
    rows = Attempt.objects.filter(engine=engine, outcome=Attempt.Outcome.COMPLETED).order_by("-id")
    times = rows.values_list("created_at", "finished_at")[:50]
    spans = [(end - start).total_seconds() for start, end in times if end is not None]
    return median(spans) if len(spans) >= 5 else float(catalog.ENGINES[engine].typical_seconds)


def count_workers(engine: str) -> int:
    """How many run at once."""
    if catalog.ENGINES[engine].provider != catalog.LOCAL_ENGINE.provider:
        return settings.FAL_CONCURRENCY
    queue = catalog.ENGINES[engine].queue
    return cache.get_or_set(f"workers-{queue}", lambda: _count_heartbeats(queue), MEASURED_TTL)  # type: ignore[return-value]


def _count_heartbeats(queue: str) -> int:
    return max(1, WorkerHeartbeat.objects.filter(queue=queue).count())


def describe_generation(generation: Generation) -> str:
    """Its state in a few words."""
    if generation.status == Status.FAILED:
        return generation.error_message
    if generation.status == Status.CANCELLED:
        return "Cancelled"
    return reasons.describe_state(generation)


def describe_job(job: Job) -> str:
    """Its state in a sentence."""
    over = job.completed + job.failed + job.cancelled
    match Status(job.status):
        case Status.QUEUED:
            return f"{_count(job.total)} waiting."
        case Status.PROCESSING:
            trouble = f", {job.failed} failed" if job.failed else ""
            return f"{over} of {job.total} done{trouble}."
        case Status.COMPLETED:
            return "All done." if job.completed == job.total else f"{job.completed} of {job.total} models made."
        case Status.FAILED:
            return "No model could be made."
        case Status.CANCELLED:
            return "Cancelled."


def _count(number: int) -> str:
    return "1 picture" if number == 1 else f"{number} pictures"
