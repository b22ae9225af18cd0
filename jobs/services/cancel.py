"""How is work called off? A generation, or all that is left of a job."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from jobs import events
from jobs.errors import JobError
from jobs.models import MAY_BE_PAID, Attempt, Generation, Job
from jobs.services.derive import lock_job, refresh_job
from jobs.services.money import end_work
from jobs.services.runs import end_attempt
from jobs.states import ACTIVE, TERMINAL, Status


@transaction.atomic
def cancel_job(job: Job, *, actor: str) -> Job:
    """Queued work never starts, running work is told at its next report. Twice does no harm.

    ``JobError`` ``job_finished`` when the job ended otherwise.
    """
    job = lock_job(job.pk)
    if job.status == Status.CANCELLED:
        return job
    _refuse_finished(job.status, what="job")
    _lock_attempts(job)
    for generation in job.generations.filter(status__in=ACTIVE):
        _cancel(generation)
    Job.objects.filter(pk=job.pk).update(cancelled_at=Now())
    job = refresh_job(lock_job(job.pk))
    events.write_event(job, "cancel_asked", message="Cancelled as a whole.", actor=actor)
    return job


@transaction.atomic
def cancel_generation(generation: Generation, *, actor: str) -> Generation:
    """As ``cancel_job``, for one of its generations."""
    job = lock_job(generation.job_id)
    generation = Generation.objects.get(pk=generation.pk)
    if generation.status == Status.CANCELLED:
        return generation
    _refuse_finished(generation.status, what="generation")
    if _cancel(generation):
        events.write_event(
            refresh_job(job), "model_cancelled", generation=generation, message=generation.name, actor=actor
        )
    return Generation.objects.get(pk=generation.pk)


def cancel_if_active(generation: Generation) -> None:
    """As the first step of its deletion, with its job locked by the caller."""
    if Generation.objects.filter(pk=generation.pk, status__in=ACTIVE).exists():
        _cancel(Generation.objects.get(pk=generation.pk))


def _refuse_finished(status: str, *, what: str) -> None:
    if status in TERMINAL:
        raise JobError("job_finished", f"This {what} is already {status}; there is nothing to cancel.")


def _cancel(generation: Generation) -> bool:
    moved = Generation.objects.move(
        generation.pk, Status.CANCELLED, lease_until=None, finished_at=Now(), waiting_reason=""
    )
    if moved:
        end_attempt(generation, outcome=Attempt.Outcome.CANCELLED)
        end_work(generation)
        ask_provider_to_stop(generation)
    return moved


def _lock_attempts(job: Job) -> None:
    """In the order in which submissions lock them: two transactions that lock in one order cannot block each other."""
    rows = Attempt.objects.filter(generation__job=job, outcome=Attempt.Outcome.RUNNING).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk"))


def ask_provider_to_stop(generation: Generation) -> None:
    """The watcher tells the provider, and follows the request until it is over: it may run on and charge."""
    paid = Attempt.objects.filter(generation=generation.pk, submission__in=MAY_BE_PAID, settled_at=None)
    paid.filter(cancel_asked_at=None).update(cancel_asked_at=Now(), next_poll_at=Now())
