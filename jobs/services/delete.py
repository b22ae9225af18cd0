"""How does work go away? Hidden at once, then files, then rows; a crash in between is finished by the sweep."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, ProtectedError, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from jobs import events, files
from jobs.failpoints import failpoint
from jobs.models import MAY_BE_PAID, Artifact, Attempt, Event, Generation, GenerationInput, Job, SourceImage
from jobs.services.cancel import cancel_if_active, cancel_job
from jobs.services.derive import lock_job, refresh_job
from jobs.services.money import write_off
from jobs.services.remote_copies import remember_remote_copies
from jobs.states import ACTIVE, Status

logger = logging.getLogger(__name__)


def delete_job(job: Job, *, actor: str) -> None:
    """Cancel what runs, hide the job, remove its files and rows, and the pictures that no other job uses."""
    bury_job(job, actor=actor)
    failpoint("delete.after_bury")
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
    """Remove a buried job: files first, so that a crash leaves the rows that name them.

    While a provider has work of it, the bare rows stay, seen by nobody: it is told to stop and followed to its bill.
    """
    images = list(SourceImage.objects.filter(uses__generation__job=job_id).distinct().values_list("pk", flat=True))
    for path in Artifact.objects.filter(generation__job=job_id).values_list("path", flat=True):
        files.delete_file(path)
    for generation_id in Job.objects.filter(pk=job_id).values_list("generations", flat=True):
        files.delete_folder(f"{files.ARTIFACTS}/{generation_id}")
    failpoint("delete.after_files")
    with transaction.atomic():
        GenerationInput.objects.filter(generation__job=job_id).delete()
        if list_unsettled().filter(generation__job=job_id).exists():
            _forget_content(job_id)
        else:
            write_off(list(Generation.objects.filter(job=job_id).values_list("pk", flat=True)))
            remember_remote_copies(Attempt.objects.filter(generation__job=job_id))
            Job.objects.filter(pk=job_id, deleted_at__isnull=False).delete()
    failpoint("delete.after_rows")
    for image_id in images:
        delete_unused_image(image_id)


def list_unsettled() -> QuerySet[Attempt]:
    """Tries that a provider may still charge for."""
    return Attempt.objects.filter(submission__in=MAY_BE_PAID, settled_at=None)


def list_purgeable() -> QuerySet[Job]:
    """Buried jobs of which something can go now."""
    at_provider = Exists(list_unsettled().filter(generation__job=OuterRef("pk")))
    has_content = Exists(GenerationInput.objects.filter(generation__job=OuterRef("pk")))
    return Job.objects.filter(~at_provider | has_content, deleted_at__isnull=False)


def _forget_content(job_id: UUID) -> None:
    """What a person has written or named."""
    Job.objects.filter(pk=job_id).update(name="", webhook_url="")
    Event.objects.filter(job=job_id).delete()
    Artifact.objects.filter(generation__job=job_id).delete()
    for generation_id in Generation.objects.filter(job=job_id).values_list("pk", flat=True):
        Generation.objects.filter(pk=generation_id).update(name=str(generation_id))


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
    cancel_if_active(generation)
    if list_unsettled().filter(generation=generation.pk).exists():
        removed = _set_aside(generation, job=job)
    else:
        write_off([generation.pk])
        remember_remote_copies(Attempt.objects.filter(generation=generation.pk))
        removed, _ = Generation.objects.filter(pk=generation.pk).delete()
    if removed:
        Job.objects.filter(pk=job.pk).update(total=F("total") - 1)
        job = refresh_job(lock_job(job.pk))
        events.write_event(job, "model_deleted", message=generation.name, actor=actor)
        transaction.on_commit(partial(files.delete_folder, f"{files.ARTIFACTS}/{generation.pk}"))
    return True


def _set_aside(generation: Generation, *, job: Job) -> int:
    """A provider has it: seen by nobody, in a buried job of its own, it is followed to its bill."""
    Artifact.objects.filter(generation=generation.pk).delete()
    GenerationInput.objects.filter(generation=generation.pk).delete()
    Event.objects.filter(generation=generation.pk).update(generation=None)
    grave = Job.objects.create(
        owner_id=job.owner_id, engine=generation.engine, total=1, cancelled=1, status=Status.CANCELLED,
        cancelled_at=Now(), finished_at=Now(), deleted_at=Now(),
    )  # fmt: skip
    rows = Generation.objects.filter(pk=generation.pk)
    return rows.update(job=grave, position=0, name=str(generation.pk))


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
    write_off(list(Generation.objects.filter(owner=user).values_list("pk", flat=True)))
    remember_remote_copies(Attempt.objects.filter(generation__owner=user))
    for image_id in SourceImage.objects.filter(owner=user).values_list("pk", flat=True):
        delete_unused_image(image_id)
