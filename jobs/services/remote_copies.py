"""What does a provider still keep of work that was deleted here? Remembered by its id, until it is gone there, too."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from jobs.models import Attempt, RemoteCopy

KEPT_AT_MOST = timedelta(days=8)  # results are stored with a lifetime of seven days
PAUSE_SECONDS, MOST_PAUSE_SECONDS = 30, 6 * 3600


def remember_remote_copies(attempts: QuerySet[Attempt]) -> None:
    """Before the rows go. Twice does no harm."""
    ids = attempts.filter(request_id__isnull=False).values_list("request_id", flat=True)
    copies = [RemoteCopy(request_id=request_id, next_try_at=Now()) for request_id in ids if request_id]
    RemoteCopy.objects.bulk_create(copies, ignore_conflicts=True)


def take_remote_copies(*, at_most: int) -> list[str]:
    """Those whose removal is to be asked for now; each later and later, should it fail."""
    RemoteCopy.objects.filter(asked_at__lt=Now() - KEPT_AT_MOST).delete()
    due = list(RemoteCopy.objects.filter(next_try_at__lte=Now()).order_by("next_try_at")[:at_most])
    for copy in due:
        pause = min(MOST_PAUSE_SECONDS, PAUSE_SECONDS * 2**copy.tries)
        RemoteCopy.objects.filter(pk=copy.pk).update(
            tries=F("tries") + 1, next_try_at=Now() + timedelta(seconds=pause)
        )  # fmt: skip
    return [copy.request_id for copy in due]


def forget_remote_copy(request_id: str) -> None:
    """It is gone there."""
    RemoteCopy.objects.filter(pk=request_id).delete()
