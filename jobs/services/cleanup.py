"""What can be thrown away? Jobs that ended long ago, pictures without a job, forgotten files: listed, then removed."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path, PurePosixPath

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs import files
from jobs.models import Artifact, GenerationInput, Job, SourceImage
from jobs.services.check import find_orphans, list_incoming
from jobs.services.delete import delete_job, delete_unused_image

logger = logging.getLogger(__name__)

MOST_JOBS = 500  # in one go: somebody waits for the answer


@dataclass(kw_only=True)
class Cleanup:
    """What went, or would go."""

    jobs: int = 0
    jobs_left: int = 0  # as old, but not in this go
    files: int = 0
    folders: int = 0
    freed_bytes: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class _Plan:
    jobs: list[Job] = field(default_factory=list)
    jobs_left: int = 0
    images: list[SourceImage] = field(default_factory=list)
    stored: dict[str, int] = field(default_factory=dict)  # paths in the storage, with their sizes
    orphans: list[str] = field(default_factory=list)
    incoming: dict[Path, int] = field(default_factory=dict)


def clean_up(*, older_than: timedelta, dry_run: bool, actor: str) -> Cleanup:
    """Remove what ended or was left behind so long ago. A dry run removes nothing and says what would go."""
    plan = _plan(older_than)
    return _foretell(plan) if dry_run else _carry_out(plan, actor=actor)


def clean_up_job(job: Job, *, actor: str) -> Cleanup:
    """Remove one job with its files, whatever its state."""
    plan = _Plan(jobs=[job])
    _add_files_of_jobs(plan)
    return _carry_out(plan, actor=actor)


def _plan(older_than: timedelta) -> _Plan:
    old = Job.objects.present().filter(finished_at__lt=Now() - older_than).order_by("finished_at")
    plan = _Plan(jobs=list(old[:MOST_JOBS]))
    plan.jobs_left = old.count() - len(plan.jobs)
    _add_files_of_jobs(plan)
    unused = SourceImage.objects.filter(uses=None, created_at__lt=Now() - older_than)
    _add_images(plan, unused)
    plan.orphans = [path for path in find_orphans(grace=older_than) if path not in plan.stored]
    plan.stored |= {path: _measure(path) for path in plan.orphans}
    plan.incoming = {path: path.stat().st_size for path in list_incoming(older_than=older_than) if path.exists()}
    return plan


def _add_files_of_jobs(plan: _Plan) -> None:
    """Their files, and the pictures that no other job uses."""
    doomed = [job.pk for job in plan.jobs]
    plan.stored |= dict(Artifact.objects.filter(generation__job__in=doomed).values_list("path", "size"))
    other_uses = GenerationInput.objects.exclude(generation__job__in=doomed)
    images = SourceImage.objects.filter(uses__generation__job__in=doomed).exclude(uses__in=other_uses)
    _add_images(plan, images.distinct())


def _add_images(plan: _Plan, images: QuerySet[SourceImage]) -> None:
    for image in images:
        plan.images.append(image)
        plan.stored |= {image.path: image.size, image.thumbnail_path: _measure(image.thumbnail_path)}


def _measure(path: str) -> int:
    try:
        return default_storage.size(path)
    except OSError:
        return 0


def _foretell(plan: _Plan) -> Cleanup:
    return Cleanup(
        jobs=len(plan.jobs),
        jobs_left=plan.jobs_left,
        files=len(plan.stored) + len(plan.incoming),
        folders=len(_list_folders(plan.stored)),
        freed_bytes=sum(plan.stored.values()) + sum(plan.incoming.values()),
    )


def _carry_out(plan: _Plan, *, actor: str) -> Cleanup:
    done = Cleanup(jobs_left=plan.jobs_left)
    for job in plan.jobs:
        try:
            delete_job(job, actor=actor)
            done.jobs += 1
        except OSError as error:
            done.errors.append(f"job {job.pk}: {error.strerror}")
    for image in plan.images:
        delete_unused_image(image.pk)
    for path in plan.orphans:
        files.delete_file(path)
    for incoming in plan.incoming:
        incoming.unlink(missing_ok=True)
    gone = {path: size for path, size in plan.stored.items() if not default_storage.exists(path)}
    done.files = len(gone) + len(plan.incoming)
    done.freed_bytes = sum(gone.values()) + sum(plan.incoming.values())
    done.folders = sum(_remove_folder(folder) for folder in _list_folders(gone))
    logger.info("Cleaned up: %s jobs, %s files, %s bytes.", done.jobs, done.files, done.freed_bytes)
    return done


def _list_folders(paths: Iterable[str]) -> list[str]:
    """Of attempts and generations, the deepest first. Those of pictures stay: an upload may be about to use them."""
    folders = {
        str(parent)
        for path in paths
        for parent in PurePosixPath(path).parents
        if parent.parts[:1] == (files.ARTIFACTS,) and len(parent.parts) > 1
    }
    return sorted(folders, key=len, reverse=True)


def _remove_folder(folder: str) -> bool:
    """When it is empty. An object store has none."""
    try:
        os.rmdir(default_storage.path(folder))
    except NotImplementedError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
            logger.warning("The empty folder %s stays: %s", folder, error)
        return False
    return True
