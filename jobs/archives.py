"""How does one get all models at once? A zip written while it is sent, in constant memory."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from jobs import downloads, events, images
from jobs.errors import JobError
from jobs.models import Artifact, Generation, Job
from jobs.states import ACTIVE, Status


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file of the archive."""

    name: str
    artifact: Artifact
    generation: Generation


def stream_zip(job: Job) -> HttpResponseBase:
    """All finished models of a job with a manifest; ``JobError`` when there is none."""
    generations = list(job.generations.prefetch_related("inputs", "artifacts").order_by("position"))
    stem = job.name or f"models-{str(job.pk)[:8]}"
    return stream_models(generations, filename=f"{PurePosixPath(stem).name or 'models'}.zip")


def stream_models(generations: Sequence[Generation], *, filename: str) -> HttpResponseBase:
    """The models of these generations, each with its inputs and artifacts prefetched."""
    members = _list_members(generations)
    if not members:
        raise _refuse_empty(generations)
    missing = [row for row in generations if row.pk not in {member.generation.pk for member in members}]
    manifest = json.dumps(_describe(members, missing=missing), indent=2, ensure_ascii=False).encode()
    response = downloads.PiecewiseResponse(_write_zip(members, manifest=manifest), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response["X-Items-Missing"] = str(len(missing))
    return downloads.protect(response)


def _list_members(generations: Sequence[Generation]) -> list[Member]:
    """Files whose bytes are there; their names are flat and unique on every file system."""
    models = [
        (generation, artifact)
        for generation in generations
        for artifact in generation.artifacts.all()
        if artifact.role in (Artifact.Role.MODEL, Artifact.Role.RAW)
        and downloads.is_whole(artifact.path, size=artifact.size)
    ]
    names = images.make_unique_names([PurePosixPath(artifact.filename).name for _, artifact in models])
    return [
        Member(name=name, artifact=artifact, generation=generation)
        for name, (generation, artifact) in zip(names, models, strict=True)
    ]


def _refuse_empty(generations: Sequence[Generation]) -> JobError:
    if any(generation.status in ACTIVE for generation in generations):
        return JobError("generation_not_finished", "No model is finished yet.", hint="Wait until one is done.")
    if any(generation.status == Status.COMPLETED for generation in generations):
        return JobError("file_unavailable", "The files cannot be read at the moment.", retry_after=60)
    return JobError("generation_failed", "No model was made.", hint="Run the job again.")


def _describe(members: Sequence[Member], *, missing: Sequence[Generation]) -> dict[str, Any]:
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "models": [_describe_member(member) for member in members],
        "missing": [
            {
                "generation_id": str(generation.pk),
                "source": events.front_filename(generation),
                "status": generation.status,
                "error": events.describe_error(generation),
            }
            for generation in missing
        ],
    }


def _describe_member(member: Member) -> dict[str, Any]:
    artifact = member.artifact
    return {
        "filename": member.name,
        "generation_id": str(member.generation.pk),
        "source": events.front_filename(member.generation),
        "engine": member.generation.engine,
        "format": artifact.format,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "faces": artifact.faces,
    }


class _Sink:
    """What the archive has written since it was last taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _write_zip(members: Sequence[Member], *, manifest: bytes) -> Iterator[bytes]:
    """Stored, not deflated: models and textures are compressed already, and the sizes are known (ZIP64)."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]
        archive.writestr(_describe_entry("manifest.json", datetime.now(UTC), size=len(manifest)), manifest)
        yield sink.take()
        for member in members:
            entry = _describe_entry(member.name, member.artifact.created_at, size=member.artifact.size)
            with downloads.open_stored(member.artifact.path) as file, archive.open(entry, "w") as target:
                for piece in downloads.Pieces(file, stop=file.size):
                    target.write(piece)
                    yield sink.take()
    yield sink.take()


def _describe_entry(name: str, time: datetime, *, size: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, time.astimezone(UTC).timetuple()[:6])
    entry.external_attr = 0o644 << 16
    entry.file_size = size
    return entry
