"""How does work go away? Hidden at once, then files, then rows; a crash in between is finished by the sweep."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F, ProtectedError
from django.db.models.functions import Now

from accounts.models import User
from jobs import events, files
from jobs.models import Artifact, Generation, GenerationInput, Job, SourceImage
from jobs.services.cancel import cancel_job
from jobs.services.derive import lock_job, refresh_job
from jobs.services.money import write_off
from jobs.states import ACTIVE

logger = logging.getLogger(__name__)


def delete_job(job: Job, *, actor: str) -> None:
    """Cancel what runs, hide the job, remove its files and rows, and the pictures that no other job uses."""
    bury_job(job, actor=actor)
    purge_job(job.pk)


@transaction.atomic
def bury_job(job: Job, *, actor: str) -> None:
    """From now on nobody finds the job."""
    job = lock_job(job.pk)
    if job.status in ACTIVE:
        job = cancel_job(job, actor=actor)
    Job.objects.filter(pk=job.pk, deleted_at=None).update(deleted_at=Now())
    events.note_change(job)
    logger.info("Job %s is being deleted by %s.", job.pk, actor)


def purge_job(job_id: UUID) -> None:
    """Remove a buried job: files first, so that a crash leaves the rows that name them."""
    images = list(SourceImage.objects.filter(uses__generation__job=job_id).distinct().values_list("pk", flat=True))
    for path in Artifact.objects.filter(generation__job=job_id).values_list("path", flat=True):
        files.delete_file(path)
    for generation_id in Job.objects.filter(pk=job_id).values_list("generations", flat=True):
        files.delete_folder(f"{files.ARTIFACTS}/{generation_id}")
    with transaction.atomic():
        write_off(list(Generation.objects.filter(job=job_id).values_list("pk", flat=True)))
        GenerationInput.objects.filter(generation__job=job_id).delete()
        Job.objects.filter(pk=job_id, deleted_at__isnull=False).delete()
    for image_id in images:
        delete_unused_image(image_id)


def delete_generation(generation: Generation, *, actor: str) -> None:
    """One of a job's generations, its files, and the pictures that nothing else uses; the last takes its job along."""
    images = list(generation.inputs.values_list("image", flat=True))
    if _remove_generation(generation, actor=actor):
        for image_id in images:
            delete_unused_image(image_id)
    else:
        delete_job(generation.job, actor=actor)


@transaction.atomic
def _remove_generation(generation: Generation, *, actor: str) -> bool:
    """False when it is the only one. Rows first: a crash leaves orphan files, which the sweep removes."""
    job = lock_job(generation.job_id)
    if not job.generations.exclude(pk=generation.pk).exists():
        return False
    write_off([generation.pk])
    removed, _ = Generation.objects.filter(pk=generation.pk).delete()
    if removed:
        Job.objects.filter(pk=job.pk).update(total=F("total") - 1)
        job = refresh_job(lock_job(job.pk))
        events.write_event(job, "model_deleted", message=generation.name, actor=actor)
        transaction.on_commit(partial(files.delete_folder, f"{files.ARTIFACTS}/{generation.pk}"))
    return True


def delete_unused_image(image_id: UUID) -> bool:
    """Remove a stored picture that no generation uses; did it go? Row first: nobody may begin to use it meanwhile."""
    try:
        with transaction.atomic():
            image = SourceImage.objects.select_for_update(of=("self",)).filter(pk=image_id, uses=None).first()
            if image is None:
                return False
            image.delete()
            transaction.on_commit(lambda: delete_image_files(image))
    except ProtectedError:  # a job took it up between look and delete
        return False
    return True


def delete_image_files(image: SourceImage) -> None:
    """Unless the same picture has come again meanwhile: by content it has the same path."""
    if not SourceImage.objects.filter(path=image.path).exists():
        files.delete_file(image.path)
        files.delete_file(image.thumbnail_path)


def delete_work_of(user: User) -> None:
    """All jobs and pictures of a user, before the account goes."""
    for job in Job.objects.filter(owner=user):
        delete_job(job, actor=str(user))
    for image_id in SourceImage.objects.filter(owner=user).values_list("pk", flat=True):
        delete_unused_image(image_id)
