"""How does a generation run? Claimed by one worker, reported on, ended; all by conditional UPDATEs."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from jobs import catalog, events, files
from jobs.models import MAY_BE_PAID, Artifact, Attempt, Generation, Job, Submission
from jobs.models.generations import lease_for
from jobs.services.derive import lock_job, refresh_job
from jobs.services.money import end_work, keep_hold
from jobs.services.turns import plan_turns
from jobs.states import Stage, Status

logger = logging.getLogger(__name__)

LEASE_SECONDS = 20  # every report of a run renews it; a run that is silent for so long is taken for dead


class AttemptLost(Exception):
    """This run has no say any more: cancelled, deleted, or given to another worker."""


@dataclass(frozen=True, kw_only=True)
class NewArtifact:
    """A file already stored, to be recorded."""

    role: str
    format: str
    path: str
    filename: str
    content_type: str
    size: int
    sha256: str
    faces: int | None = None
    vertices: int | None = None
    watertight: bool | None = None
    bounds: dict[str, list[float]] | None = None
    options: dict[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a generation ended without a model, for people and for clients."""

    code: str
    message: str
    hint: str = ""
    retryable: bool = False


def claim_next(queue: str, *, worker: str, except_owners: Collection[int] = ()) -> Generation | None:
    """The next queued generation of this queue, now this worker's; None when nothing waits.

    Turns go round the owners and round each owner's jobs: who was picked longest ago comes next.
    """
    engines = catalog.engines_of_queue(queue)
    while turns := plan_turns(engines, at_most=1, except_owners=except_owners):
        generation = _claim_from(turns[0], engines=engines, worker=worker)
        if generation is not None:
            return generation
    return None


def is_waiting(queue: str) -> bool:
    """Is there anything left to claim in this queue?"""
    engines = catalog.engines_of_queue(queue)
    return Generation.objects.filter(status=Status.QUEUED, engine__in=engines).exists()


@transaction.atomic
def _claim_from(job_id: UUID, *, engines: Sequence[str], worker: str) -> Generation | None:
    claimed = claim_of_job(lock_job(job_id), engines=engines, worker=worker, at_most=1)
    return claimed[0] if claimed else None


def claim_of_job(job: Job, *, engines: Sequence[str], worker: str, at_most: int) -> list[Generation]:
    """The next of a locked job's generations, now this worker's. In a transaction of the caller's."""
    waiting = job.generations.filter(status=Status.QUEUED, engine__in=engines).order_by("position")
    claimed = start_attempts(list(waiting[:at_most]), worker=worker)
    if claimed:
        Job.objects.filter(pk=job.pk).update(picked_at=Now())
    job = refresh_job(job)
    messages = {generation: f"Attempt {generation.attempt}." for generation in claimed}
    events.write_events(job, "started", messages=messages)
    return claimed


def start_attempts(generations: Sequence[Generation], *, worker: str) -> list[Generation]:
    """Move them to processing as their next attempts; those that this caller won, as they are now.

    In a transaction of the caller's. Generations with the same number of attempts move by one UPDATE.
    """
    started: list[Generation] = []
    for number in sorted({generation.attempt for generation in generations}):
        ids = [generation.pk for generation in generations if generation.attempt == number]
        won = Generation.objects.move_some(
            ids,
            Status.PROCESSING,
            attempt=number,
            next_attempt=number + 1,
            stage=Stage.PREPARING,
            waiting_reason="",
            lease_until=lease_for(LEASE_SECONDS),
            started_at=Now(),
        )
        started += Generation.objects.filter(pk__in=won).order_by("position")
    Attempt.objects.bulk_create(_make_attempt(generation, worker=worker) for generation in started)
    return started


def _make_attempt(generation: Generation, *, worker: str) -> Attempt:
    engine = catalog.ENGINES[generation.engine]
    is_local = engine.provider == catalog.LOCAL_ENGINE.provider
    return Attempt(
        generation=generation,
        number=generation.attempt,
        engine=engine.id,
        worker=worker,
        endpoint="" if is_local else engine.endpoint,
        submission="" if is_local else Submission.PREPARING,
    )


@transaction.atomic
def record_progress(
    generation: Generation, *, stage: Stage, percent: int, lease_seconds: float = LEASE_SECONDS
) -> None:
    """Note how far a run is and renew its lease; ``AttemptLost`` when it has no say any more. Never goes back."""
    job = _lock_job_of(generation)
    rows = Generation.objects.filter(pk=generation.pk, attempt=generation.attempt, status=Status.PROCESSING)
    if not rows.update(stage=stage, lease_until=lease_for(lease_seconds)):
        raise AttemptLost(str(generation.pk))
    rows.filter(progress__lt=percent).update(progress=percent)
    refresh_job(job)


def renew_lease(generation: Generation, *, lease_seconds: float = LEASE_SECONDS) -> None:
    """Say that the run is alive without telling anybody; ``AttemptLost`` when it has no say any more."""
    rows = Generation.objects.filter(pk=generation.pk, attempt=generation.attempt, status=Status.PROCESSING)
    if not rows.update(lease_until=lease_for(lease_seconds)):
        raise AttemptLost(str(generation.pk))


@transaction.atomic
def complete_generation(
    generation: Generation, *, artifacts: Sequence[NewArtifact], warnings: Sequence[str] = (), facts: object = None
) -> None:
    """The model is stored: record its files and end the run. ``AttemptLost`` when it has no say any more."""
    job = _lock_job_of(generation)
    moved = Generation.objects.move(
        generation.pk,
        Status.COMPLETED,
        attempt=generation.attempt,
        stage=Stage.DONE,
        progress=100,
        crashes=0,
        lease_until=None,
        finished_at=Now(),
        warnings=list(warnings),
        facts=facts or {},
        error_code="",
        error_message="",
        error_hint="",
        error_retryable=False,
    )
    if not moved:
        raise AttemptLost(str(generation.pk))
    record_artifacts(generation, artifacts=artifacts)
    end_attempt(generation, outcome=Attempt.Outcome.COMPLETED)
    end_work(generation)
    job = refresh_job(job)
    events.write_event(job, "model_completed", generation=generation, message=generation.name)


def record_artifacts(generation: Generation, *, artifacts: Sequence[NewArtifact]) -> None:
    Artifact.objects.bulk_create(
        Artifact(
            generation=generation,
            role=new.role,
            format=new.format,
            path=new.path,
            filename=new.filename,
            content_type=new.content_type,
            size=new.size,
            sha256=new.sha256,
            faces=new.faces,
            vertices=new.vertices,
            watertight=new.watertight,
            bounds=new.bounds,
            options=new.options or {},
        )
        for new in artifacts
    )


@transaction.atomic
def fail_generation(generation: Generation, *, failure: Failure) -> bool:
    """End the run without a model; False when it has no say any more."""
    job = _lock_job_of(generation)
    moved = Generation.objects.move(
        generation.pk,
        Status.FAILED,
        attempt=generation.attempt,
        lease_until=None,
        finished_at=Now(),
        waiting_reason="",
        error_code=failure.code,
        error_message=failure.message,
        error_hint=failure.hint,
        error_retryable=failure.retryable,
    )
    if moved:
        end_attempt(generation, outcome=Attempt.Outcome.FAILED, error_code=failure.code)
        end_work(generation)
        job = refresh_job(job)
        events.write_event(job, "model_failed", generation=generation, message=f"{generation.name}: {failure.message}")
    return moved


@transaction.atomic
def hand_back(generation: Generation, *, reason: str, outcome: str = Attempt.Outcome.LOST) -> bool:
    """Put a run that nobody works on back into the queue and sweep away the files it left.

    False, and nothing happens, when it has moved on, or when a provider may have been paid for it.
    """
    job = _lock_job_of(generation)
    if may_be_paid(generation) or not is_running(generation):
        return False
    moved = Generation.objects.move(
        generation.pk, Status.QUEUED, attempt=generation.attempt, stage=Stage.WAITING, lease_until=None,
        waiting_reason="queue", crashes=generation.crashes + (outcome == Attempt.Outcome.LOST),
    )  # fmt: skip
    if moved:
        end_attempt(generation, outcome=outcome)
        keep_hold(generation)
        job = refresh_job(job)
        events.write_event(job, "handed_back", generation=generation, message=f"{generation.name}: {reason}")
        transaction.on_commit(lambda: discard_attempt_files(generation))
    return moved


def is_running(generation: Generation) -> bool:
    """Has this very run still a say? Also of a locked job: a queued state may be reached from ended ones, too."""
    return Generation.objects.filter(
        pk=generation.pk, attempt=generation.attempt, status=Status.PROCESSING
    ).exists()  # fmt: skip


def may_be_paid(generation: Generation) -> bool:
    """Was this very run sent to a provider, or perhaps sent? Its attempt stays locked until the transaction ends."""
    rows = Attempt.objects.select_for_update().filter(generation=generation.pk, number=generation.attempt)
    attempt = rows.only("submission").first()
    return attempt is not None and attempt.submission in MAY_BE_PAID


def note_provider_has_it(generation: Generation) -> None:
    """No worker of ours need give a sign of life. In a transaction of the caller's, with the job locked."""
    Generation.objects.filter(pk=generation.pk, attempt=generation.attempt).update(lease_until=None)


def _lock_job_of(generation: Generation) -> Job:
    """Always the job before the generation: two transactions that lock in one order cannot block each other."""
    try:
        return lock_job(generation.job_id)
    except Job.DoesNotExist:
        raise AttemptLost(str(generation.pk)) from None


def has_lapsed(generation: Generation) -> bool:
    """Has this very run been silent for longer than its lease?"""
    rows = Generation.objects.filter(pk=generation.pk, attempt=generation.attempt, status=Status.PROCESSING)
    return rows.filter(lease_until__lt=Now()).exists()


def end_attempt(generation: Generation, *, outcome: str, error_code: str = "") -> None:
    running = Attempt.objects.filter(
        generation=generation, number=generation.attempt, outcome=Attempt.Outcome.RUNNING
    )  # fmt: skip
    running.update(outcome=outcome, finished_at=Now(), **({"error_code": error_code} if error_code else {}))


def discard_attempt_files(generation: Generation) -> None:
    """Remove what this attempt stored and never recorded."""
    recorded = frozenset(Artifact.objects.filter(generation=generation.pk).values_list("path", flat=True))
    files.delete_folder(files.attempt_folder(generation.pk, generation.attempt), keep=recorded)
