"""What do a job, a generation and a file look like on the wire? Contract section 4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from jobs import catalog, events, progress
from jobs.links import Links
from jobs.models import Artifact, Generation, GenerationInput, Job, SourceImage
from jobs.states import ACTIVE, Stage, Status

CURRENCY = "USD"
PARTS = ("generations__inputs", "generations__artifacts", "generations__conversions")  # what describing a job reads
STAGE_ORDER = {stage.value: place for place, stage in enumerate(Stage)}


def describe_job(job: Job, *, links: Links, outlook: progress.Outlook | None = None) -> dict[str, Any]:
    """Reads prefetched generations and their parts. ``outlook``: of several jobs at once, for a list."""
    generations = list(job.generations.all())
    outlook = outlook or progress.foresee(generations)
    described = [describe_generation(row, links=links, outlook=outlook) for row in generations]
    return _summarise(job, generations, described, outlook=outlook) | {
        "name": job.name,
        "task_id": str(job.task_id),
        "counts": job.counts,
        "formats": ["glb", *job.formats],
        "generations": described,
        "expires_at": format_time(foresee_removal(job)),
        "urls": links.job(job.pk),
    }


def foresee_removal(job: Job) -> datetime | None:
    """When the sweep will remove a job that is over; None where everything is kept."""
    if settings.RETENTION_DAYS is None or job.finished_at is None or job.is_active:
        return None
    return job.finished_at + timedelta(days=settings.RETENTION_DAYS)


def _summarise(
    job: Job, generations: list[Generation], described: list[dict[str, Any]], *, outlook: progress.Outlook
) -> dict[str, Any]:
    """The same words as a generation's, for the job as a whole."""
    positions = [outlook.positions[row.pk] for row in generations if row.pk in outlook.positions]
    seconds = [outlook.seconds[row.pk] for row in generations if row.pk in outlook.seconds]
    return {
        "id": str(job.pk),
        "job_id": str(job.pk),
        "status": job.status,
        "stage": _find_stage(job, generations),
        "progress": job.progress,
        "queue_position": min(positions) if positions and job.status == Status.QUEUED else None,
        "eta_seconds": max(seconds, default=None),
        "engine": describe_engine(job.engine),
        "options": job.options,
        "warnings": sorted({warning for row in generations for warning in row.warnings}),
        "waiting_reason": next(iter(_pick(described, "waiting_reason")), None) if job.is_active else None,
        "preview_url": next(iter(_pick(described, "preview_url")), None),
        "cost": _add_costs(generations),
        "attempt": job.run,
        "error": next(iter(_pick(described, "error")), None) if job.status == Status.FAILED else None,
        "created_at": format_time(job.created_at),
        "started_at": format_time(job.started_at),
        "finished_at": format_time(job.finished_at),
    }


def _pick(described: Iterable[Mapping[str, Any]], key: str) -> list[Any]:
    return [entry[key] for entry in described if entry[key] is not None]


def _find_stage(job: Job, generations: list[Generation]) -> str:
    """Of what runs now the furthest; of what is over the last."""
    running = [row for row in generations if row.status == Status.PROCESSING]
    if job.status == Status.COMPLETED:
        return Stage.DONE
    pool = running or [row for row in generations if row.status in ACTIVE] or generations
    return max((row.stage for row in pool), key=lambda stage: STAGE_ORDER[stage], default=Stage.WAITING)


def describe_generation(
    generation: Generation, *, links: Links, outlook: progress.Outlook | None = None
) -> dict[str, Any]:
    """Reads its prefetched inputs, artifacts and conversions."""
    outlook = outlook or progress.foresee([generation])
    images = [describe_input(entry, links=links) for entry in generation.inputs.all()]
    artifacts = list(generation.artifacts.all())
    preview = next((row for row in artifacts if row.role == Artifact.Role.PREVIEW), None)
    return {
        "id": str(generation.pk),
        "job_id": str(generation.job_id),
        "status": generation.status,
        "stage": generation.stage,
        "progress": generation.progress,
        "queue_position": outlook.positions.get(generation.pk),
        "eta_seconds": outlook.seconds.get(generation.pk),
        "engine": describe_engine(generation.engine),
        "options": generation.options,
        "image": _find_front(images),
        "images": images,
        "files": [describe_file(row, generation=generation, links=links) for row in artifacts],
        "conversions": [_describe_conversion(row) for row in generation.conversions.all()],
        "warnings": generation.warnings,
        "waiting_reason": generation.waiting_reason or None,
        "preview_url": links.file(generation, preview) if preview else None,
        "cost": {
            "estimated": format_money(generation.cost_estimated),
            "actual": format_money(generation.cost_actual),
            "currency": CURRENCY,
        },
        "attempt": generation.attempt,
        "error": events.describe_error(generation),
        "created_at": format_time(generation.created_at),
        "started_at": format_time(generation.started_at),
        "finished_at": format_time(generation.finished_at),
    }


def describe_engine(engine_id: str) -> dict[str, str]:
    entry = catalog.ENGINES.get(engine_id)
    return {"id": engine_id, "name": entry.name if entry else engine_id}


def describe_input(entry: GenerationInput, *, links: Links) -> dict[str, Any]:
    return {
        "view": entry.view,
        "file_id": str(entry.image_id),
        "filename": entry.filename,
        "thumbnail_url": links.thumbnail(entry.image_id),
    }


def _find_front(images: list[dict[str, Any]]) -> dict[str, Any] | None:
    front = next((image for image in images if image["view"] == "front"), images[0] if images else None)
    return front and {name: front[name] for name in ("file_id", "filename", "thumbnail_url")}


def describe_file(artifact: Artifact, *, generation: Generation, links: Links) -> dict[str, Any]:
    return {
        "id": str(artifact.pk),
        "format": artifact.format,
        "role": artifact.role,
        "filename": artifact.filename,
        "url": links.file(generation, artifact),
        "size": artifact.size,
        "sha256": artifact.sha256,
        "faces": artifact.faces,
        "vertices": artifact.vertices,
        "watertight": artifact.watertight,
        "bounds": artifact.bounds,
    }


def _describe_conversion(conversion: Any) -> dict[str, Any]:
    """A format that was asked for after the fact."""
    error = {"code": conversion.error_code, "message": conversion.error_message} if conversion.error_code else None
    return {"format": conversion.format, "status": conversion.status, "error": error}


def describe_stored(image: SourceImage, *, filename: str, links: Links) -> dict[str, Any]:
    """A picture that was sent: contract section 3."""
    return {
        "file_id": str(image.pk),
        "filename": filename,
        "file_size": image.size,
        "content_type": image.content_type,
        "width": image.width,
        "height": image.height,
        "sha256": image.sha256,
        "status": "uploaded",
        "thumbnail_url": links.thumbnail(image.pk),
    }


def _add_costs(generations: list[Generation]) -> dict[str, Any]:
    estimated = [row.cost_estimated for row in generations]
    actual = [row.cost_actual for row in generations if row.cost_actual is not None]
    return {
        "estimated": format_money(add_up(estimated)),
        "actual": format_money(sum(actual, Decimal()) if actual else None),
        "currency": CURRENCY,
    }


def add_up(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """None where one of them is not known."""
    total = Decimal()
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def format_money(amount: Decimal | None) -> str | None:
    """Two decimals, and more only where there are fractions of a cent."""
    if amount is None:
        return None
    cents = amount.quantize(Decimal("0.01"))
    return str(cents) if cents == amount else str(amount.normalize())


def format_time(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time else None
