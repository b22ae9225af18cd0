"""How far are the requests at FAL? Which to look at now, and what becomes of what was seen, many at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from jobs import queue
from jobs.models import Attempt, Generation
from jobs.services.derive import lock_job
from jobs.services.fal.deadlines import allow_seconds, typical_seconds
from jobs.services.fal.fallback import fail_or_fall_back
from jobs.services.fal.pacing import back_off, pace, slow_down
from jobs.services.fal.showing import Sight, show
from jobs.services.money import settle, write_off
from jobs.services.runs import Failure
from jobs.states import Stage, Status

QUEUE_PERCENT = 8
BEGIN_PERCENT, END_PERCENT = 10, 85
STEP_PERCENT = 2  # smaller steps are not worth a live frame
FOLLOW_AT_MOST = timedelta(days=3)
UNCLEAR_AT_MOST = 60  # answers in a row without sense, above the deadline: about half an hour
STEEPNESS = 1.2  # at the usual time the estimate says 70 % of the way


@dataclass(frozen=True, kw_only=True)
class Followed:
    """One request at FAL, as its rows say."""

    attempt_id: int
    number: int
    engine: str
    endpoint: str
    request_id: str
    generation_id: UUID
    job_id: UUID
    is_wanted: bool  # its generation still waits for it
    stage: Stage
    progress: int
    position: int | None
    running_seconds: float | None  # None: in FAL's queue, as far as we know
    age_seconds: float  # since FAL took it
    is_overdue: bool
    failures: int
    must_cancel: bool
    asked_in: str  # the id of the request that made its job


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a look at one request showed."""

    followed: Followed
    state: str  # in_queue, in_progress, completed; unclear: no usable answer; gone: FAL has forgotten it
    position: int | None = None
    percent: int | None = None


_FIELDS = (
    "pk", "number", "engine", "endpoint", "request_id", "generation_id", "generation__job_id", "generation__status",
    "generation__attempt", "generation__stage", "generation__progress", "provider_position", "running_since",
    "accepted_at", "deadline_at", "poll_failures", "cancel_asked_at", "cancel_sent_at",
    "generation__job__request_id", "now",
)  # fmt: skip


def take_due(*, at_most: int, crowd: int) -> list[Followed]:
    """The requests to be looked at now. Their next look is written down first, so that none is looked at twice."""
    due = Attempt.objects.running_at_provider().filter(next_poll_at__lte=Now())
    rows = due.annotate(now=Now()).order_by("next_poll_at").values_list(*_FIELDS, named=True)[:at_most]
    followed = [_read(row) for row in rows]
    _plan_next_looks(followed, crowd=crowd)
    return followed


def count_followed() -> int:
    return Attempt.objects.running_at_provider().count()


def _read(row: Any) -> Followed:
    seconds = _seconds_between(row.running_since, row.now)
    return Followed(
        attempt_id=row.pk,
        number=row.number,
        engine=row.engine,
        endpoint=row.endpoint,
        request_id=row.request_id,
        generation_id=row.generation_id,
        job_id=row.generation__job_id,
        is_wanted=row.generation__status == Status.PROCESSING and row.generation__attempt == row.number,
        stage=Stage(row.generation__stage),
        progress=row.generation__progress,
        position=row.provider_position,
        running_seconds=seconds,
        age_seconds=_seconds_between(row.accepted_at, row.now) or 0.0,
        is_overdue=row.deadline_at is not None and row.deadline_at < row.now,
        failures=row.poll_failures,
        must_cancel=row.cancel_asked_at is not None and row.cancel_sent_at is None,
        asked_in=row.generation__job__request_id,
    )


def _seconds_between(begin: datetime | None, end: datetime) -> float | None:
    return None if begin is None else (end - begin).total_seconds()


def _plan_next_looks(followed: Sequence[Followed], *, crowd: int) -> None:
    """In a few groups of like pace: one UPDATE each, however many there are."""
    groups: dict[int, list[int]] = {}
    for each in followed:
        seconds = pace(
            typical_seconds(each.engine), running_seconds=each.running_seconds, position=each.position, crowd=crowd
        )
        if not each.is_wanted:
            seconds = max(seconds, slow_down(seconds, age_seconds=each.age_seconds))
        groups.setdefault(max(1, int(seconds * 5)), []).append(each.attempt_id)
    for fifths, ids in groups.items():
        Attempt.objects.filter(pk__in=ids).update(
            next_poll_at=Now() + timedelta(seconds=fifths / 5), polls=F("polls") + 1
        )


def note_observations(observations: Sequence[Observation]) -> int:
    """Write down what was seen; how many requests are over and wait to be collected."""
    over = [each.followed.attempt_id for each in observations if each.state == "completed"]
    if over:
        Attempt.objects.running_at_provider().filter(pk__in=over).update(
            ready_at=Now(), next_poll_at=Now(), poll_failures=0, provider_position=None
        )
        queue.ring(queue.FAL)
    _note_starts([each.followed for each in observations if each.state == "in_progress"])
    for each in observations:
        _note(each)
    show(sight for each in observations if (sight := _see(each)) is not None)
    return len(over)


def _note_starts(running: Sequence[Followed]) -> None:
    """FAL works on them now: from here on the time counts, and the next look need not be as late as in a queue.

    One UPDATE for each engine, however many there are.
    """
    started = [each for each in running if each.running_seconds is None]
    for engine in sorted({each.engine for each in started}):
        ids = [each.attempt_id for each in started if each.engine == engine]
        deadline = Now() + timedelta(seconds=allow_seconds(engine))
        soon = timedelta(seconds=pace(typical_seconds(engine), running_seconds=0.0, position=None, crowd=len(ids)))
        Attempt.objects.running_at_provider().filter(pk__in=ids).update(
            running_since=Now(), deadline_at=deadline, next_poll_at=Now() + soon, provider_position=None,
            poll_failures=0,
        )  # fmt: skip


def _note(seen: Observation) -> None:
    """What is new about a request that runs on."""
    followed, rows = seen.followed, Attempt.objects.running_at_provider().filter(pk=seen.followed.attempt_id)
    if seen.state == "unclear":
        delay = timedelta(seconds=back_off(followed.failures))
        rows.update(poll_failures=F("poll_failures") + 1, next_poll_at=Now() + delay)
    elif seen.state == "in_queue" and (followed.running_seconds is not None or seen.position != followed.position):
        # FAL may put a request back into its queue: waiting there is not held against it.
        rows.update(running_since=None, deadline_at=None, provider_position=seen.position, poll_failures=0)
    elif followed.failures and seen.state in ("in_queue", "in_progress"):
        rows.update(poll_failures=0)


def _see(seen: Observation) -> Sight | None:
    """What is worth telling, if anything."""
    followed = seen.followed
    if not followed.is_wanted or seen.state not in ("in_queue", "in_progress"):
        return None
    stage = Stage.IN_ENGINE_QUEUE if seen.state == "in_queue" else Stage.GENERATING
    percent = QUEUE_PERCENT if seen.state == "in_queue" else _estimate(seen)
    has_moved_up = seen.state == "in_queue" and seen.position != followed.position
    if stage == followed.stage and not has_moved_up and percent < followed.progress + STEP_PERCENT:
        return None
    return Sight(
        generation_id=followed.generation_id, job_id=followed.job_id, attempt=followed.number, stage=stage,
        percent=percent,
    )  # fmt: skip


def _estimate(seen: Observation) -> int:
    """FAL's own figure where it gives one, else from the time that has passed; the end is never promised."""
    if seen.percent is not None:
        share = seen.percent / 100
    else:
        elapsed = (seen.followed.running_seconds or 0.0) / max(0.1, typical_seconds(seen.followed.engine))
        share = 1 - math.exp(-STEEPNESS * elapsed)
    return BEGIN_PERCENT + round((END_PERCENT - BEGIN_PERCENT) * share)


def forget_unwanted() -> int:
    """Requests that nobody waits for and that FAL does not end: what they may cost counts as spent; how many."""
    old = Attempt.objects.at_provider().filter(accepted_at__lt=Now() - FOLLOW_AT_MOST)
    unwanted = list(old.exclude(outcome=Attempt.Outcome.RUNNING)[:100])
    for attempt in unwanted:
        Attempt.objects.filter(pk=attempt.pk).update(settled_at=Now(), next_poll_at=None)
        write_off([attempt.generation_id])
    return len(unwanted)


def note_cancel_sent(attempt_ids: Iterable[int]) -> None:
    Attempt.objects.filter(pk__in=list(attempt_ids)).update(cancel_sent_at=Now())


def is_too_late(seen: Observation) -> bool:
    """Is a run over its time, and does FAL still work on it, or has not said anything sensible for long?"""
    is_silent = seen.state == "unclear" and seen.followed.failures >= UNCLEAR_AT_MOST
    return seen.followed.is_overdue and (seen.state == "in_progress" or is_silent)


@transaction.atomic
def give_up_overdue(followed: Followed) -> bool:
    """End a run that takes too long. It is cancelled at FAL and followed on: a late result still counts."""
    lock_job(followed.job_id)
    paid = Attempt.objects.running_at_provider().filter(pk=followed.attempt_id)
    paid.update(cancel_asked_at=Now(), next_poll_at=Now())
    return fail_or_fall_back(find_run(followed), failure=_OVERDUE)


_OVERDUE = Failure(
    code="provider_timeout",
    message="FAL did not finish in time.",
    hint="If the model still comes, it is taken. Otherwise try again, or choose another engine.",
    retryable=True,
)


@transaction.atomic
def give_up_lost(followed: Followed) -> bool:
    """FAL does not know the request any more."""
    lock_job(followed.job_id)
    lost = Attempt.objects.at_provider().filter(pk=followed.attempt_id)
    lost.update(settled_at=Now(), error_code=_LOST.code, next_poll_at=None)
    is_ended = fail_or_fall_back(find_run(followed), failure=_LOST)
    for attempt in Attempt.objects.filter(pk=followed.attempt_id):
        settle(attempt)
    return is_ended


_LOST = Failure(
    code="provider_request_lost",
    message="FAL does not know the request any more.",
    hint="Try again. The administrator can see at FAL whether it was charged.",
    retryable=True,
)


def find_run(followed: Followed) -> Generation:
    """The generation with the number of this attempt, which locks the verbs out when it has moved on."""
    generation = Generation.objects.get(pk=followed.generation_id)
    generation.attempt = followed.number
    return generation
