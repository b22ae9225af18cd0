"""Which jobs went because they were old? Removed by the retention, and for a while told from those that never were."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from accounts.models import User
from jobs.models import ExpiredJob, Job
from jobs.services.delete import bury_job

AT_ONCE = 100
REMEMBERED = timedelta(days=90)


def expire_old_jobs() -> int:
    """Bury what has been over for longer than the retention; how many. Without one everything is kept."""
    if settings.RETENTION_DAYS is None:
        return 0
    age = timedelta(days=settings.RETENTION_DAYS)
    old = list(Job.objects.present().filter(finished_at__lt=Now() - age)[:AT_ONCE])
    for job in old:
        ExpiredJob.objects.get_or_create(job_id=job.pk, defaults={"owner_id": job.owner_id})
        bury_job(job, actor="retention")
    return len(old)


def is_expired(owner: User, *, job_id: UUID) -> bool:
    """Had this user such a job until the retention removed it?"""
    return ExpiredJob.objects.filter(pk=job_id, owner=owner).exists()


def forget_expired_jobs() -> None:
    ExpiredJob.objects.filter(expired_at__lt=Now() - REMEMBERED).delete()
