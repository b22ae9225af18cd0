"""Which files that were lost or changed here does FAL still have? Fetched once more; nothing is sent or paid again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from asgiref.sync import async_to_sync

from jobs import files
from jobs.engines.fal import FalClient, FalError
from jobs.fal.artifacts import place_for, remove_download
from jobs.fal.client import open_client
from jobs.fal.collecting import find_output
from jobs.models import Artifact, Attempt
from jobs.services.check import is_as_recorded


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What became of one file; ``trouble`` is empty when it is whole again."""

    path: str
    trouble: str = ""


def repair_files() -> list[Repair]:
    """Every model of FAL's whose file is not what its row says."""
    broken = list(_find_broken())
    return async_to_sync(_fetch_all)(broken) if broken else []


def _find_broken() -> Iterator[tuple[Artifact, Attempt]]:
    """Only what came from FAL as it is: previews and formats are made of it."""
    delivered = Artifact.objects.filter(role__in=(Artifact.Role.MODEL, Artifact.Role.RAW))
    for artifact in delivered.filter(generation__job__deleted_at=None).iterator():
        folder, name = PurePosixPath(artifact.path).parent.name, PurePosixPath(artifact.path).name
        if name != "model.glb" and not name.startswith("raw."):
            continue
        attempts = Attempt.objects.filter(generation=artifact.generation_id, number=folder, raw_result__isnull=False)
        attempt = attempts.select_related("generation__job").first()
        if attempt and not is_as_recorded(artifact.path, size=artifact.size, sha256=artifact.sha256):
            yield artifact, attempt


async def _fetch_all(broken: Sequence[tuple[Artifact, Attempt]]) -> list[Repair]:
    async with open_client() as client:
        return [await _fetch(client, artifact, attempt) for artifact, attempt in broken]


async def _fetch(client: FalClient, artifact: Artifact, attempt: Attempt) -> Repair:
    try:
        download = await client.download(find_output(attempt).model_url, place_for(attempt))
        if (download.size, download.sha256) != (artifact.size, artifact.sha256):
            return Repair(path=artifact.path, trouble="FAL has another file there now")
        await asyncio.to_thread(files.store_file, artifact.path, download.path)
    except FalError as error:
        return Repair(path=artifact.path, trouble=error.message)
    finally:
        await asyncio.to_thread(remove_download, attempt)
    return Repair(path=artifact.path)
