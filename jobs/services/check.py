"""Do rows and files agree? Orphan files, missing files, wrong checksums, forgotten uploads, stuck rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models.functions import Now

from jobs import files
from jobs.models import Artifact, Attempt, Conversion, Generation, Job, SourceImage
from jobs.services.delete import list_purgeable
from jobs.states import ACTIVE, Status

GRACE = timedelta(hours=1)  # a file is stored before its row: so long it may be on its way


def find_faults(*, grace: timedelta = GRACE) -> Iterator[str]:
    """One line for each disagreement; none when all is well."""
    yield from _check_recorded_files()
    yield from (f"orphan file {path}" for path in find_orphans(grace=grace))
    yield from (f"forgotten upload {path.name}" for path in list_incoming(older_than=grace))
    yield from _find_stuck_rows(grace=grace)


def _check_recorded_files() -> Iterator[str]:
    for image in SourceImage.objects.iterator():
        yield from _compare(image.path, size=image.size, sha256=image.sha256)
        yield from [] if default_storage.exists(image.thumbnail_path) else [f"missing file {image.thumbnail_path}"]
    for artifact in Artifact.objects.filter(generation__job__deleted_at=None).iterator():
        yield from _compare(artifact.path, size=artifact.size, sha256=artifact.sha256)


def _compare(path: str, *, size: int, sha256: str) -> Iterator[str]:
    if not default_storage.exists(path):
        yield f"missing file {path}"
    elif not is_as_recorded(path, size=size, sha256=sha256):
        yield f"changed file {path}"


def is_as_recorded(path: str, *, size: int, sha256: str) -> bool:
    """Is it there, byte for byte?"""
    if not default_storage.exists(path):
        return False
    digest, length = hashlib.sha256(), 0
    with default_storage.open(path) as file:
        for chunk in file.chunks():
            digest.update(chunk)
            length += len(chunk)
    return (length, digest.hexdigest()) == (size, sha256)


def find_orphans(*, grace: timedelta = GRACE) -> Iterator[str]:
    """Files that no row names and that are older than the grace."""
    known = set(Artifact.objects.values_list("path", flat=True))
    for paths in SourceImage.objects.values_list("path", "thumbnail_path"):
        known.update(paths)
    for folder in (files.IMAGES, files.ARTIFACTS):
        yield from (path for path in files.list_files(folder) if path not in known and _is_older(path, grace))


def _is_older(path: str, grace: timedelta) -> bool:
    try:
        return default_storage.get_modified_time(path) < datetime.now(UTC) - grace
    except FileNotFoundError:  # gone meanwhile
        return False


def delete_orphans(*, grace: timedelta = GRACE) -> int:
    """Files without a row, and what broke off on its way in; how many."""
    orphans, incoming = list(find_orphans(grace=grace)), list(list_incoming(older_than=grace))
    for path in orphans:
        files.delete_file(path)
    for place in incoming:
        place.unlink(missing_ok=True)
    return len(orphans) + len(incoming)


def list_incoming(*, older_than: timedelta) -> Iterator[Path]:
    """Uploads and downloads that broke off without being removed. Names with a dot are locks, which stay."""
    latest = (datetime.now(UTC) - older_than).timestamp()
    for entry in os.scandir(settings.FILE_UPLOAD_TEMP_DIR):
        if entry.name.startswith("."):
            continue
        with suppress(FileNotFoundError):  # gone meanwhile
            if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < latest:
                yield Path(entry.path)


def _find_stuck_rows(*, grace: timedelta) -> Iterator[str]:
    for generation in Generation.objects.filter(status=Status.PROCESSING, lease_until__lt=Now()):
        yield f"stuck generation {generation.pk}: its lease has run out"
    for job in Job.objects.present().filter(status__in=ACTIVE).exclude(generations__status__in=ACTIVE):
        yield f"stuck job {job.pk}: all its generations are over"
    for conversion in Conversion.objects.filter(status=Status.PROCESSING, lease_until__lt=Now()):
        yield f"stuck conversion {conversion.pk}: its lease has run out"
    for attempt in Attempt.objects.running_at_provider().filter(next_poll_at=None):
        yield f"stuck attempt {attempt.pk}: nobody looks at it again"
    for job in list_purgeable().filter(deleted_at__lt=Now() - grace):
        yield f"stuck deletion of job {job.pk}: something of it is still there"
