"""How is a job's state derived from its generations? Inside every transaction that changes one of them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Now

from jobs import events
from jobs.models import Generation, Job
from jobs.services.webhooks.outbox import note_job_end
from jobs.states import TERMINAL, Status, derive_job_status


def lock_job(job_id: UUID) -> Job:
    """The job's row, held until the transaction ends: changes of one job come one after another."""
    return Job.objects.select_for_update().get(pk=job_id)


def in_locking_order(job: Job) -> tuple[int, UUID]:
    """In which order several locked jobs are refreshed: each locks its owner's feed, and nobody may wait in a ring."""
    return job.owner_id, job.pk


def refresh_job(job: Job) -> Job:
    """Derive counts, status and progress of a locked job and number the change."""
    counts, mean = _tally(job)
    status = derive_job_status(counts, cancelled=job.cancelled_at is not None)
    events.note_change(
        job,
        status=status,
        progress=100 if status == Status.COMPLETED else max(job.progress, mean),
        finished_at=(job.finished_at or Now()) if status in TERMINAL else None,
        started_at=job.started_at or (Now() if status == Status.PROCESSING else None),
        **{name.value: number for name, number in counts.items()},
    )
    fresh = Job.objects.get(pk=job.pk)
    if fresh.status in TERMINAL and job.status != fresh.status:
        events.write_event(fresh, fresh.status, message=f"Job {fresh.status}.")
    if _is_over_anew(fresh, before=job):
        note_job_end(fresh)
    return fresh


def _is_over_anew(job: Job, *, before: Job) -> bool:
    """It ended just now; or one more model came after the end, as when a provider is late."""
    return job.status in TERMINAL and (before.status != job.status or before.completed < job.completed)


def _tally(job: Job) -> tuple[dict[Status, int], int]:
    """How many are in which state, and their mean progress; a finished one counts 100, whatever came of it."""
    rows = Generation.objects.filter(job=job).values_list("status").annotate(number=Count("id"), sum=Sum("progress"))
    found = {Status(status): (number, total) for status, number, total in rows.order_by()}
    counts = {status: found.get(status, (0, 0))[0] for status in Status}
    done = sum(100 * number if status in TERMINAL else total for status, (number, total) in found.items())
    return counts, done // max(1, job.total)


def settle_finished_jobs() -> int:
    """Fan-in for jobs whose last generation ended without anybody noticing; how many."""
    unsettled = Job.objects.active().exclude(generations__status__in=[Status.QUEUED, Status.PROCESSING])
    job_ids = list(unsettled.values_list("pk", flat=True)[:100])
    for job_id in job_ids:
        with transaction.atomic():
            refresh_job(lock_job(job_id))
    return len(job_ids)
