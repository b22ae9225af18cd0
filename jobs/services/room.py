"""Is there room? In a user's quota, in the queue, on the disk."""

from __future__ import annotations

import shutil
import time

from django.conf import settings

from accounts.models import User
from jobs.errors import JobError
from jobs.models import Generation
from jobs.services.limits import MEGABYTE, Allowed, count_stored_bytes, read_allowed
from jobs.states import Status

# Counting thousands of rows for each upload makes a long queue longer. While it is far from full, by more than comes
# in such a moment, a count of just now will do.
COUNT_SECONDS = 1.0
FAR_FROM_FULL = 5_000
_last_count = (float("-inf"), 0)


def check_room(owner: User, *, adding: int, allowed: Allowed | None = None) -> None:
    """``JobError`` when so many more generations have no place to wait in, or their models none to lie in."""
    check_disk()
    check_queue(adding=adding)
    check_storage_quota(owner, adding=1, allowed=allowed)


def check_storage_quota(owner: User, *, adding: int, allowed: Allowed | None = None) -> None:
    """``JobError`` ``storage_quota_exceeded`` when so many bytes more would not fit into the user's quota."""
    limit = (allowed or read_allowed(owner)).storage_bytes
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
    return read_allowed(owner).storage_bytes


def check_queue(*, adding: int) -> None:
    """``JobError`` ``queue_full`` when more generations of all users would wait than the site takes."""
    global _last_count
    counted_at, waiting = _last_count
    is_fresh = time.monotonic() - counted_at < COUNT_SECONDS
    if is_fresh and waiting + adding + FAR_FROM_FULL < settings.MAX_QUEUED_GENERATIONS:
        return
    waiting = Generation.objects.filter(status=Status.QUEUED, job__deleted_at=None).count()
    _last_count = (time.monotonic(), waiting)
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
