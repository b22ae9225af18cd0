"""How does a generation go on without FAL? On the local engine, because its job says so or a person does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from jobs import catalog, events, queue
from jobs.errors import JobError
from jobs.models import Generation, Job
from jobs.services import money
from jobs.services.derive import lock_job, refresh_job
from jobs.services.fal.provider import fal_engines
from jobs.services.runs import Failure, end_attempt, fail_generation, is_running
from jobs.states import Stage, Status, WaitingReason

LOCAL = catalog.LOCAL_ENGINE


@transaction.atomic
def switch_to_local(generation: Generation, *, actor: str) -> Generation:
    """Let the local engine make what waits for FAL. ``JobError`` when it does not wait any more."""
    job = lock_job(generation.job_id)
    if not _switch_waiting(job, [generation.pk], actor=actor):
        raise JobError(
            "bad_request", "Only a generation that waits for its turn can change its engine.",
            hint="Cancel it and run it again with the local engine.",
        )  # fmt: skip
    return Generation.objects.get(pk=generation.pk)


@transaction.atomic
def switch_job_to_local(job: Job, *, actor: str) -> int:
    """As ``switch_to_local`` for all that waits in a job; how many."""
    job = lock_job(job.pk)
    waiting = job.generations.filter(status=Status.QUEUED, engine__in=fal_engines())
    return _switch_waiting(job, list(waiting.values_list("pk", flat=True)), actor=actor)


@transaction.atomic
def switch_waiting_job(job_id: UUID) -> int:
    """What waits in a job that would rather have a local model than wait long."""
    return switch_job_to_local(Job.objects.get(pk=job_id), actor="")


def fail_or_fall_back(generation: Generation, *, failure: Failure) -> bool:
    """End a run that FAL did not bring to a model; False when it has no say any more."""
    if Job.objects.filter(pk=generation.job_id, fallback="local").exists():
        return _fall_back(generation, failure=failure)
    return fail_generation(generation, failure=failure)


@transaction.atomic
def _fall_back(generation: Generation, *, failure: Failure) -> bool:
    job = lock_job(generation.job_id)
    moved = is_running(generation) and Generation.objects.move(
        generation.pk, Status.QUEUED, attempt=generation.attempt, lease_until=None, crashes=0, **_as_local(generation)
    )
    if moved:
        end_attempt(generation, outcome="failed", error_code=failure.code)
        money.release(generation)
        message = f"{generation.name}: {failure.message} It goes on with the local engine."
        events.write_event(refresh_job(job), "fell_back", generation=generation, message=message)
        queue.ring_after_commit(queue.LOCAL)
    return moved


def _switch_waiting(job: Job, ids: list[UUID], *, actor: str) -> int:
    """Of a locked job. A queued row has no run that could be in the way."""
    waiting = job.generations.filter(pk__in=ids, status=Status.QUEUED, engine__in=fal_engines())
    generations = list(waiting)
    for generation in generations:
        waiting.filter(pk=generation.pk).update(**_as_local(generation))
        money.release(generation)
    if generations:
        job = refresh_job(job)
        for generation in generations:
            events.write_event(job, "switched", generation=generation, message=generation.name, actor=actor)
        queue.ring_after_commit(queue.LOCAL)
    return len(generations)


def _as_local(generation: Generation) -> dict[str, Any]:
    return {
        "engine": LOCAL.id,
        "options": translate_options(generation.options),
        "cost_estimated": LOCAL.price,
        "stage": Stage.WAITING,
        "waiting_reason": WaitingReason.QUEUE,
    }


def translate_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """What both engines know, where the value fits; the local engine's defaults for the rest."""
    kept: dict[str, Any] = {}
    for name, value in options.items():
        if LOCAL.option(name) is not None:
            try:
                kept |= {name: catalog.check_options(LOCAL, {name: value})[name]}
            except JobError:
                continue
    return catalog.check_options(LOCAL, kept)
