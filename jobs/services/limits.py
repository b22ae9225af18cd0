"""May this user start more? Counted in the transaction that creates the work, so that a lost Redis changes nothing."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Sum

from accounts.models import Limits, User
from jobs.errors import JobError
from jobs.models import Artifact, Feed, Generation, SourceImage
from jobs.states import ACTIVE


def check_active_generations(owner: User, *, adding: int) -> None:
    """``JobError`` when waiting and running generations would exceed the user's limit.

    The owner's feed row is locked, so that requests of one user that come at once are counted one by one.
    """
    lock_feed(owner)
    limit = active_limit(owner)
    active = count_active(owner)
    if active + adding > limit:
        raise JobError(
            "too_many_active_generations",
            f"{active} of your generations are waiting or running; the limit is {limit}.",
            hint="Wait until some are done, or cancel some.",
            details={"limit": limit, "active": active},
            retry_after=30,
        )


def lock_feed(owner: User) -> None:
    """What one user asks for is counted by one process after another until the transaction ends."""
    Feed.objects.get_or_create(owner=owner)
    Feed.objects.select_for_update().get(owner=owner)


def active_limit(owner: User) -> int:
    own = Limits.objects.filter(user=owner).values_list("active_generations", flat=True).first()
    return settings.MAX_ACTIVE_GENERATIONS if own is None else own


def count_active(owner: User) -> int:
    return Generation.objects.owned_by(owner).filter(status__in=ACTIVE).count()


def count_stored_bytes(owner: User) -> int:
    """Pictures and results of jobs that are not deleted."""
    pictures = SourceImage.objects.owned_by(owner).aggregate(total=Sum("size"))["total"] or 0
    results = Artifact.objects.owned_by(owner).aggregate(total=Sum("size"))["total"] or 0
    return int(pictures + results)
