"""Who is told that a job changed, and what does a live frame say? The only door to the live side.

A frame is the whole public state of a job with its version, so a lost, late or repeated one does no harm.
A doorbell on Redis carries only numbers; a stream reads the row.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from redis.exceptions import RedisError

from jobs import progress, queue, reasons
from jobs.models import Event, Feed, Generation, Job
from jobs.states import ACTIVE, TERMINAL, Status

logger = logging.getLogger(__name__)

CHANNEL = "image2model:jobs"  # Redis publishes across database numbers: the name keeps installations apart
EVENT_OF_STATUS = {
    Status.QUEUED: "task_queued",
    Status.PROCESSING: "task_progress",
    Status.COMPLETED: "task_completed",
    Status.FAILED: "task_failed",
    Status.CANCELLED: "task_cancelled",
}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One message of a live stream, the same for SSE and websocket."""

    id: int
    event: str
    data: dict[str, Any]
    is_last: bool = False


def note_change(job: Job, **fields: Any) -> None:
    """Write ``fields`` of this job under a new number: raise its version and its owner's feed, publish after commit.

    Called inside the transaction of the change, with the job's row locked by it.
    """
    if not Feed.objects.filter(owner_id=job.owner_id).update(version=F("version") + 1):
        Feed.objects.get_or_create(owner_id=job.owner_id)
        Feed.objects.filter(owner_id=job.owner_id).update(version=F("version") + 1)
    feed_version = Feed.objects.values_list("version", flat=True).get(owner_id=job.owner_id)
    Job.objects.filter(pk=job.pk).update(version=F("version") + 1, feed_version=feed_version, **fields)
    job.version, job.feed_version = job.version + 1, feed_version
    _publish_after_commit(job)


def note_creation(job: Job) -> None:
    """The same for a job that was made in this transaction, under the next number of its owner's locked feed."""
    Feed.objects.filter(owner_id=job.owner_id).update(version=job.feed_version)
    _publish_after_commit(job)


def _publish_after_commit(job: Job) -> None:
    number, feed = job.version, job.feed_version
    transaction.on_commit(lambda: publish(job.pk, number, owner_id=job.owner_id, feed_version=feed))


def write_event(
    job: Job, kind: str, *, generation: Generation | None = None, message: str = "", actor: str = ""
) -> None:
    """A line of the job's history, under the number of the change it belongs to."""
    Event.objects.create(job=job, number=job.version, generation=generation, kind=kind, message=message, actor=actor)


def write_events(job: Job, kind: str, *, messages: Mapping[Generation, str]) -> None:
    """Lines of the job's history, one for each of these generations, under the same number."""
    Event.objects.bulk_create(
        Event(job=job, number=job.version, generation=generation, kind=kind, message=message)
        for generation, message in messages.items()
    )


def publish(job_id: UUID, version: int, *, owner_id: int, feed_version: int) -> None:
    """Ring the streams. A lost doorbell is healed by the next one or by the streams' own tick."""
    bell = {"job": str(job_id), "version": version, "owner": owner_id, "feed": feed_version}
    try:
        queue.get_connection().publish(CHANNEL, json.dumps(bell))
    except RedisError as error:
        logger.warning("Live update %s of job %s was not published: %s", version, job_id, error)


def read_frame(job_id: UUID) -> Frame | None:
    """The present frame of a job; None when it is gone."""
    job = Job.objects.present().filter(pk=job_id).first()
    return None if job is None else build_frame(job)


def build_frame(job: Job, *, number: int | None = None) -> Frame:
    """``number``: another id than the job's version, as the stream of all jobs counts by the owner's feed."""
    retried = job.status == Status.QUEUED and job.run > 1
    return Frame(
        id=job.version if number is None else number,
        event="task_retry" if retried else EVENT_OF_STATUS[Status(job.status)],
        data=build_snapshot(job),
        is_last=job.status in TERMINAL,
    )


def build_snapshot(job: Job) -> dict[str, Any]:
    """The data of a frame: contract section 5."""
    generations = list(job.generations.prefetch_related("inputs").order_by("position"))
    outlook = progress.foresee(generations)
    snapshot: dict[str, Any] = {
        "status": job.status,
        "progress": job.progress,
        "message": progress.describe_job(job),
        "task_id": str(job.task_id),
        "job_id": str(job.pk),
        "total_files": job.total,
        "total": job.total,
        "current": job.completed + job.failed + job.cancelled,
        "counts": job.counts,
        "eta_seconds": outlook.job_seconds if job.status in ACTIVE else None,
        "cost": _add_costs(generations),
        "timestamp": int(time.time() * 1000),
        "generations": [_describe_generation(generation, outlook) for generation in generations],
    }
    if job.status in TERMINAL:
        snapshot["summary"] = {
            "total_files": job.total,
            "successful_files": job.completed,
            "failed_files": job.failed,
        }
    return snapshot


def _add_costs(generations: list[Generation]) -> dict[str, str | None]:
    """Of all its generations, USD, as decimal strings; null for what nobody knows."""
    estimated = [row.cost_estimated for row in generations]
    actual = [row.cost_actual for row in generations if row.cost_actual is not None]
    is_known = None not in estimated
    return {
        "estimated": str(sum((amount or 0 for amount in estimated), Decimal())) if is_known else None,
        "actual": str(sum(actual, Decimal())) if actual else None,
    }


def _describe_generation(generation: Generation, outlook: progress.Outlook) -> dict[str, Any]:
    return {
        "id": str(generation.pk),
        "filename": front_filename(generation),
        "status": generation.status,
        "stage": generation.stage,
        "progress": generation.progress,
        "queue_position": outlook.positions.get(generation.pk),
        "eta_seconds": outlook.seconds.get(generation.pk),
        "message": progress.describe_generation(generation),
        "hint": outlook.hints.get(generation.pk, ""),
        "may_switch": reasons.may_switch(generation),
        "waiting_reason": generation.waiting_reason or None,
        "error": describe_error(generation),
    }


def front_filename(generation: Generation) -> str:
    """The name its front picture came with. Reads prefetched inputs."""
    inputs = list(generation.inputs.all())
    front = next((entry for entry in inputs if entry.view == "front"), inputs[0] if inputs else None)
    return front.filename if front else generation.name


def describe_error(generation: Generation) -> dict[str, Any] | None:
    if not generation.error_code:
        return None
    return {
        "code": generation.error_code,
        "message": generation.error_message,
        "hint": generation.error_hint,
        "retryable": generation.error_retryable,
    }
