"""How does work run again? Only what failed or was cancelled, as a new run of the same job."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from jobs import catalog, events, queue
from jobs.errors import JobError
from jobs.models import Attempt, Generation, Job
from jobs.services.derive import lock_job, refresh_job
from jobs.services.limits import check_active_generations, lock_feed
from jobs.services.money import hold
from jobs.services.runs import hand_back
from jobs.states import ACTIVE, Stage, Status

AGAIN = (Status.FAILED, Status.CANCELLED)


@transaction.atomic
def retry_job(job: Job, *, actor: str) -> Job:
    """Queue again what failed or was cancelled. ``JobError`` ``job_active`` while the job runs."""
    job = lock_job(job.pk)
    if job.status in ACTIVE:
        raise JobError("job_active", "This job is still running.", hint="Wait until it is over, or cancel it first.")
    generations = list(job.generations.filter(status__in=AGAIN))
    return _run_again(job, generations=generations, actor=actor) if generations else job


@transaction.atomic
def retry_generation(generation: Generation, *, actor: str) -> Generation:
    """As ``retry_job``, for one generation, also while others of its job still run."""
    job = lock_job(generation.job_id)
    generation = Generation.objects.get(pk=generation.pk)
    if generation.status in ACTIVE:
        raise JobError("job_active", "This generation is still running.", hint="Wait until it is over.")
    if generation.status in AGAIN:
        _run_again(job, generations=[generation], actor=actor)
    return Generation.objects.get(pk=generation.pk)


@transaction.atomic
def requeue_generation(generation: Generation, *, actor: str) -> Generation:
    """Take a running generation from its worker and queue it again; what that worker still says is refused."""
    job = lock_job(generation.job_id)
    generation = Generation.objects.get(pk=generation.pk)
    if generation.status != Status.PROCESSING:
        raise JobError("bad_request", f"This generation is {generation.status}; only a running one can be taken back.")
    if not hand_back(generation, reason=f"taken back by {actor}", outcome=Attempt.Outcome.CANCELLED):
        raise JobError("bad_request", "A provider may have been paid for this run; cancel it, or wait for its result.")
    events.write_event(Job.objects.get(pk=job.pk), "requeued", generation=generation, actor=actor)
    queue.ring_after_commit(catalog.ENGINES[generation.engine].queue)
    return Generation.objects.get(pk=generation.pk)


def _run_again(job: Job, *, generations: Sequence[Generation], actor: str) -> Job:
    lock_feed(job.owner)
    check_active_generations(job.owner, adding=len(generations), api_key=job.api_key)
    hold(job, generations=generations)
    for generation in generations:
        _requeue(generation)
    Job.objects.filter(pk=job.pk).update(run=F("run") + 1, progress=0, cancelled_at=None)
    job = refresh_job(lock_job(job.pk))
    events.write_event(job, "retried", message=f"{len(generations)} run again.", actor=actor)
    for name in sorted({catalog.ENGINES[generation.engine].queue for generation in generations}):
        queue.ring_after_commit(name)
    return job


def _requeue(generation: Generation) -> None:
    Generation.objects.move(
        generation.pk,
        Status.QUEUED,
        attempt=generation.attempt,
        stage=Stage.WAITING,
        waiting_reason="queue",
        progress=0,
        crashes=0,
        started_at=None,
        finished_at=None,
        warnings=[],
        error_code="",
        error_message="",
        error_hint="",
        error_retryable=False,
    )
