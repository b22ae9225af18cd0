"""How does a finished request's result get in? Leased by one worker, stored once, recorded in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from jobs import files, queue
from jobs.models import Artifact, Attempt, Generation, Job
from jobs.models.generations import lease_for
from jobs.services.derive import in_locking_order, lock_job, refresh_job
from jobs.services.fal.fallback import fail_or_fall_back
from jobs.services.fal.pacing import back_off
from jobs.services.money import settle, settle_some
from jobs.services.runs import Failure, NewArtifact, complete_generation, discard_attempt_files, record_artifacts
from jobs.states import Stage, Status, WaitingReason

LEASE_SECONDS = 30
COLLECTED_PERCENT = 88
FULL_DISK_SECONDS = 30
WANTED = (Status.PROCESSING, Status.FAILED)


def claim_ready(*, at_most: int, in_hand: Collection[int] = ()) -> list[Attempt]:
    """Requests that are over and whose results nobody is fetching, now this worker's. ``in_hand``: attempts that it is
    fetching already; where it slept for longer than their leases, they look free."""
    ready = waiting_to_be_collected().exclude(pk__in=in_hand).order_by("ready_at")
    with transaction.atomic():
        claimed = list(ready.select_for_update(skip_locked=True).values_list("pk", flat=True)[:at_most])
        Attempt.objects.filter(pk__in=claimed).update(lease_until=lease_for(LEASE_SECONDS))
    rows = Attempt.objects.filter(pk__in=claimed).select_related("generation__job").order_by("ready_at")
    return list(rows)


def waiting_to_be_collected() -> QuerySet[Attempt]:
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    return Attempt.objects.at_provider().filter(free, ready_at__isnull=False, next_poll_at__lte=Now())


def renew_leases(attempt_ids: Sequence[int], *, seconds: float = LEASE_SECONDS) -> None:
    Attempt.objects.filter(pk__in=attempt_ids, lease_until__isnull=False).update(lease_until=lease_for(seconds))


def is_wanted(attempt: Attempt) -> bool:
    """Did its generation still wait for it when it was claimed? Also one that we gave up too early."""
    generation = attempt.generation
    return generation.attempt == attempt.number and generation.status in WANTED and generation.job.deleted_at is None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """FAL's result of one attempt and what it billed."""

    attempt_id: int
    payload: Mapping[str, Any]
    units: Decimal | None
    unit_price: Decimal | None


@transaction.atomic
def save_results(answers: Sequence[Answer]) -> None:
    """Kept before anything is done with them: they need not be asked for again."""
    for answer in sorted(answers, key=lambda each: each.attempt_id):
        Attempt.objects.filter(pk=answer.attempt_id).update(
            raw_result=dict(answer.payload), billable_units=answer.units, unit_price=answer.unit_price
        )


def _note_bill(attempt: Attempt, *, units: Decimal | None, unit_price: Decimal | None, **fields: object) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(billable_units=units, unit_price=unit_price, **fields)
    attempt.refresh_from_db()


def come_back(attempt: Attempt) -> None:
    """Fetch it later."""
    delay = timedelta(seconds=back_off(attempt.poll_failures))
    _release(attempt, delay=delay, poll_failures=F("poll_failures") + 1)


def follow_on(attempt: Attempt) -> None:
    """It is not over after all."""
    _release(attempt, delay=timedelta(seconds=2), ready_at=None)


def read_again(attempt: Attempt) -> None:
    """Its files have moved: ask FAL for the result once more, later."""
    delay = timedelta(seconds=back_off(attempt.poll_failures))
    _release(attempt, delay=delay, raw_result=None, poll_failures=F("poll_failures") + 1)


def _release(attempt: Attempt, *, delay: timedelta, **fields: object) -> None:
    rows = Attempt.objects.at_provider().filter(pk=attempt.pk)
    rows.update(lease_until=None, next_poll_at=Now() + delay, **fields)


@transaction.atomic
def wait_for_room(attempt: Attempt) -> None:
    """The disk is full: the result stays at FAL until there is room."""
    job = lock_job(attempt.generation.job_id)
    _release(attempt, delay=timedelta(seconds=FULL_DISK_SECONDS))
    waiting = Generation.objects.filter(
        pk=attempt.generation_id, attempt=attempt.number, status=Status.PROCESSING
    ).exclude(waiting_reason=WaitingReason.STORAGE_FULL)  # fmt: skip
    if waiting.update(waiting_reason=WaitingReason.STORAGE_FULL):
        refresh_job(job)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """The stored files of one attempt. ``is_complete``: there is nothing to make a preview or formats of."""

    attempt: Attempt
    artifacts: tuple[NewArtifact, ...]
    warnings: tuple[str, ...] = ()
    is_complete: bool = False


def record_collected(collected: Sequence[Collected]) -> frozenset[int]:
    """The files are stored: record them, most of them in one transaction.

    Answers the attempts that were recorded: of the others another worker was quicker, or nobody wants them any more.
    """
    together, alone = (
        [each for each in collected if not each.is_complete],
        [each for each in collected if each.is_complete],
    )
    recorded = [_record([each]) for each in alone]
    try:
        recorded += [_record(together)] if together else []
    except IntegrityError:  # one that cannot be recorded does not hold up the others
        recorded += [_record([each]) for each in together]
    return frozenset().union(*recorded)


@transaction.atomic
def _record(collected: Sequence[Collected]) -> frozenset[int]:
    """Jobs are locked in one order, and then their owners' feeds: whoever locks several does it so."""
    rows = Job.objects.select_for_update().filter(pk__in={each.attempt.generation.job_id for each in collected})
    jobs = {job.pk: job for job in rows.order_by("pk")}
    fresh = _note_collected([each for each in collected if each.attempt.generation.job_id in jobs])
    recorded = _find_wanted(fresh)
    _store_rows(recorded)
    settle_some([each.attempt for each in fresh])
    unfinished = {each.attempt.generation.job_id for each in recorded if not each.is_complete}
    for job in sorted((jobs[job_id] for job_id in unfinished), key=in_locking_order):
        refresh_job(job)
    if unfinished:
        queue.ring_after_commit(queue.POST)
    return frozenset(each.attempt.pk for each in recorded)


def _note_collected(collected: Sequence[Collected]) -> list[Collected]:
    """Their following is over; without those that another worker recorded."""
    open_ones = Attempt.objects.at_provider().filter(pk__in=[each.attempt.pk for each in collected]).order_by("pk")
    fresh = set(open_ones.select_for_update().values_list("pk", flat=True))
    Attempt.objects.filter(pk__in=fresh).update(
        collected_at=Now(), settled_at=Now(), lease_until=None, next_poll_at=None
    )
    once = {each.attempt.pk: each for each in collected}  # what came twice at once lies in the same files
    return [each for pk, each in once.items() if pk in fresh]


def _find_wanted(collected: Sequence[Collected]) -> list[Collected]:
    """Those whose generations still wait for them. Their jobs are locked: nobody changes that meanwhile."""
    ids = [each.attempt.generation_id for each in collected]
    rows = Generation.objects.filter(pk__in=ids, status__in=WANTED)
    current = dict(rows.values_list("pk", "attempt"))
    return [each for each in collected if current.get(each.attempt.generation_id) == each.attempt.number]


def _store_rows(collected: Sequence[Collected]) -> None:
    for warnings in sorted({each.warnings for each in collected}):
        ids = [each.attempt.generation_id for each in collected if each.warnings == warnings]
        rows = Generation.objects.filter(pk__in=ids)
        rows.update(stage=Stage.POSTPROCESSING, warnings=list(warnings), waiting_reason="", lease_until=None)
        rows.filter(progress__lt=COLLECTED_PERCENT).update(progress=COLLECTED_PERCENT)
    for each in collected:
        generation = _find_run(each.attempt)
        if generation.attempt > 1:
            _discard_earlier_files(generation)
        if each.is_complete:
            complete_generation(generation, artifacts=each.artifacts, warnings=each.warnings)
            _set_right(each.attempt)
        else:
            record_artifacts(generation, artifacts=each.artifacts)


def _find_run(attempt: Attempt) -> Generation:
    """The generation with the number of this attempt, which locks the verbs out when it has moved on."""
    generation = attempt.generation
    generation.attempt = attempt.number
    return generation


def _discard_earlier_files(generation: Generation) -> None:
    """Of a run that was cancelled after its model had come."""
    earlier = Artifact.objects.filter(generation=generation)
    paths = list(earlier.values_list("path", flat=True))
    earlier.delete()
    for path in paths:
        transaction.on_commit(lambda path=path: files.delete_file(path))  # type: ignore[misc]


def _set_right(attempt: Attempt) -> None:
    """An attempt that was given up too early has succeeded after all."""
    Attempt.objects.filter(pk=attempt.pk).exclude(outcome=Attempt.Outcome.COMPLETED).update(
        outcome=Attempt.Outcome.COMPLETED, error_code="", finished_at=Now()
    )


@transaction.atomic
def end_without_model(
    attempt: Attempt,
    *,
    failure: Failure,
    error_type: str = "",
    detail: str = "",
    units: Decimal | None = None,
    unit_price: Decimal | None = None,
) -> bool:
    """There is no model to be had of this request. It costs nothing unless FAL billed it."""
    lock_job(attempt.generation.job_id)
    _close(attempt, error_code=failure.code, error_type=error_type[:60], error_detail=detail)
    if units is not None:
        _note_bill(attempt, units=units, unit_price=unit_price)
    is_ended = fail_or_fall_back(_find_run(attempt), failure=failure)
    settle(attempt)
    return is_ended


@transaction.atomic
def close_unwanted(attempt: Attempt) -> None:
    """Cancelled, deleted or replaced meanwhile: only its cost was still of interest."""
    transaction.on_commit(lambda: discard_attempt_files(_find_run(attempt)))
    if Attempt.objects.filter(pk=attempt.pk).exists():
        _close(attempt)
        settle(attempt)


def _close(attempt: Attempt, **fields: object) -> None:
    """Nothing more is to come from FAL for this attempt."""
    rows = Attempt.objects.filter(pk=attempt.pk, settled_at=None)
    rows.update(settled_at=Now(), lease_until=None, next_poll_at=None, **fields)
