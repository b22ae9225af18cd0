"""Is there room? In a user's quota, in the queue, on the disk."""

from __future__ import annotations

import shutil

from django.conf import settings

from accounts.models import Limits, User
from jobs.errors import JobError
from jobs.models import Generation
from jobs.services.limits import count_stored_bytes
from jobs.states import Status

MEGABYTE = 1024 * 1024


def check_room(owner: User, *, adding: int) -> None:
    """``JobError`` when so many more generations have no place to wait in, or their models none to lie in."""
    check_disk()
    check_queue(adding=adding)
    check_storage_quota(owner, adding=1)


def check_storage_quota(owner: User, *, adding: int) -> None:
    """``JobError`` ``storage_quota_exceeded`` when so many bytes more would not fit into the user's quota."""
    limit = storage_limit(owner)
    if limit is None:
        return
    used = count_stored_bytes(owner)
    if used + adding > limit:
        raise JobError(
            "storage_quota_exceeded",
            f"Your pictures and models take {used // MEGABYTE:,} of {limit // MEGABYTE:,} MB; this does not fit in.",
            hint="Delete models that you no longer need.",
            details={"used_bytes": used, "limit_bytes": limit},
        )


def storage_limit(owner: User) -> int | None:
    """In bytes: the user's own limit, or the site's; None where there is none."""
    own = Limits.objects.filter(user=owner).values_list("storage_mb", flat=True).first()
    megabytes: int | None = settings.STORAGE_MB_PER_USER if own is None else own
    return None if megabytes is None else megabytes * MEGABYTE


def has_storage_quota(owner: User) -> bool:
    return storage_limit(owner) is not None


def check_queue(*, adding: int) -> None:
    """``JobError`` ``queue_full`` when more generations of all users would wait than the site takes."""
    waiting = Generation.objects.filter(status=Status.QUEUED, job__deleted_at=None).count()
    if waiting + adding > settings.MAX_QUEUED_GENERATIONS:
        raise JobError(
            "queue_full",
            "Too much is waiting here already; nothing of yours was stored.",
            hint="Try again in a few minutes.",
            retry_after=60,
        )


def check_disk(*, adding: int = 0) -> None:
    """``JobError`` ``storage_full`` when less than ``MIN_FREE_MB`` would be left: the database needs some."""
    if shutil.disk_usage(settings.DATA_DIR).free - adding < settings.MIN_FREE_MB * MEGABYTE:
        raise JobError(
            "storage_full", "There is no room left to store anything.", hint="Try again later.", retry_after=60
        )
