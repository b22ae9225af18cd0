"""How does somebody get another format of a finished model? Asked for here, made by the ``post`` queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs import catalog, events, queue
from jobs.errors import JobError
from jobs.models import Artifact, Conversion, Generation
from jobs.models.generations import lease_for
from jobs.services.derive import lock_job
from jobs.services.runs import NewArtifact, record_artifacts
from jobs.states import ACTIVE, Status

LEASE_SECONDS = 120  # a conversion of the largest model, measured, with a wide margin
PUT_OFF_SECONDS = 20
MAX_CLAIMS = 5


def request_formats(
    generation: Generation, *, formats: Sequence[str], options: Mapping[str, Any] | None = None
) -> list[Conversion]:
    """Have these formats made; those that exist with the same options, or are being made, are left alone.

    ``options``: ``longest_edge_mm`` (1–10,000) for STL. ``JobError`` when the generation has no model.
    """
    if generation.status in ACTIVE:
        raise JobError("generation_not_finished", "This model is not finished yet.", hint="Wait until it is done.")
    if generation.status != Status.COMPLETED:
        raise JobError("generation_failed", "There is no model to convert.", hint="Run it again first.")
    wanted = catalog.check_formats(list(formats))
    with transaction.atomic():
        made = [_request(generation, format_id=name, options=dict(options or {})) for name in wanted]
        conversions = [conversion for conversion in made if conversion is not None]
        if conversions:
            events.note_change(lock_job(generation.job_id))
            queue.ring_after_commit(queue.POST)
    return conversions


def _request(generation: Generation, *, format_id: str, options: dict[str, Any]) -> Conversion | None:
    options = options if format_id == "stl" else {}
    same = Artifact.objects.filter(generation=generation, role=Artifact.Role.MODEL, format=format_id, options=options)
    if same.exists():
        return None
    try:
        with transaction.atomic():
            return Conversion.objects.create(generation=generation, format=format_id, options=options)
    except IntegrityError:  # it is being made already
        return Conversion.objects.get(generation=generation, format=format_id, status__in=ACTIVE)


def claim_conversion() -> Conversion | None:
    """The next conversion to make, now this caller's; also one whose worker died."""
    expired = Q(status=Status.PROCESSING, lease_until__lt=Now())
    waiting = Conversion.objects.filter(Q(status=Status.QUEUED) | expired)
    for conversion in waiting.order_by("created_at")[:10]:
        won = waiting.filter(pk=conversion.pk, claim=conversion.claim).update(
            status=Status.PROCESSING, claim=F("claim") + 1, lease_until=lease_for(LEASE_SECONDS)
        )
        if won:
            conversion.refresh_from_db()
            return conversion
    return None


def put_off(conversion: Conversion) -> None:
    """The machine lacks something just now, for which neither this model nor its worker is to blame."""
    rows = Conversion.objects.filter(pk=conversion.pk, claim=conversion.claim, status=Status.PROCESSING)
    rows.update(claim=F("claim") - 1, lease_until=lease_for(PUT_OFF_SECONDS))


@transaction.atomic
def complete_conversion(conversion: Conversion, *, artifact: NewArtifact) -> bool:
    """Record the file, in place of an older one of the same format; False when another run has it."""
    if not _end(conversion, status=Status.COMPLETED):
        return False
    Artifact.objects.filter(generation=conversion.generation, filename=artifact.filename).delete()
    record_artifacts(conversion.generation, artifacts=[artifact])
    events.note_change(lock_job(conversion.generation.job_id))
    return True


@transaction.atomic
def fail_conversion(conversion: Conversion, *, code: str, message: str) -> bool:
    ended = _end(conversion, status=Status.FAILED, error_code=code, error_message=message)
    if ended:
        job = lock_job(conversion.generation.job_id)
        events.note_change(job)
        events.write_event(
            job, "conversion_failed", generation=conversion.generation, message=f"{conversion.format}: {message}"
        )
    return ended


def _end(conversion: Conversion, **fields: Any) -> bool:
    rows = Conversion.objects.filter(pk=conversion.pk, claim=conversion.claim, status=Status.PROCESSING)
    return rows.update(lease_until=None, finished_at=Now(), **fields) == 1
