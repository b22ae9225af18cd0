"""May this user start more? Counted in the transaction that creates the work, so that a lost Redis changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum

from accounts.models import ApiKey, Limits, User
from jobs.errors import JobError
from jobs.models import Artifact, Feed, Generation, SourceImage
from jobs.states import ACTIVE

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What one user may have: their own limit where they have one, else the site's. None: as much as they like."""

    active: int
    storage_bytes: int | None


def read_allowed(owner: User) -> Allowed:
    own = Limits.objects.filter(user=owner).values_list("active_generations", "storage_mb").first() or (None, None)
    active, storage_mb = own
    megabytes = settings.STORAGE_MB_PER_USER if storage_mb is None else storage_mb
    return Allowed(
        active=settings.MAX_ACTIVE_GENERATIONS if active is None else active,
        storage_bytes=None if megabytes is None else megabytes * MEGABYTE,
    )


def check_active_generations(
    owner: User, *, adding: int, allowed: Allowed | None = None, api_key: ApiKey | None = None
) -> None:
    """``JobError`` when waiting and running generations would exceed the user's limit, or that of the job's key.

    With the owner's feed locked, so that requests of one user that come at once are counted one by one, whichever
    keys they come with. Where both limits are in the way, the refusal speaks of the nearer one.
    """
    uses = [_Use(limit_of="user", limit=(allowed or read_allowed(owner)).active, active=count_active(owner))]
    if api_key is not None and api_key.active_generations is not None:
        uses.append(_Use(limit_of="key", limit=api_key.active_generations, active=count_active_of_key(api_key)))
    nearest = min(uses, key=lambda use: use.left)
    if adding > nearest.left:
        raise _refuse(nearest)


@dataclass(frozen=True, kw_only=True)
class _Use:
    limit_of: str
    limit: int
    active: int

    @property
    def left(self) -> int:
        return self.limit - self.active


def _refuse(use: _Use) -> JobError:
    whose = "of your generations" if use.limit_of == "user" else "generations of this API key"
    return JobError(
        "too_many_active_generations",
        f"{use.active} {whose} are waiting or running; the limit is {use.limit}.",
        hint="Wait until some are done, or cancel some.",
        details={"limit": use.limit, "active": use.active, "limit_of": use.limit_of},
        retry_after=30,
    )


def lock_feed(owner: User) -> Feed:
    """What one user asks for is counted by one process after another until the transaction ends."""
    rows = Feed.objects.select_for_update().filter(owner=owner)
    feed = rows.first()
    if feed is None:
        Feed.objects.get_or_create(owner=owner)
        feed = rows.get()
    return feed


def active_limit(owner: User) -> int:
    return read_allowed(owner).active


def count_active(owner: User) -> int:
    return Generation.objects.owned_by(owner).filter(status__in=ACTIVE).count()


def count_active_of_key(api_key: ApiKey) -> int:
    """Of the jobs that were made with it."""
    return Generation.objects.filter(job__api_key=api_key, job__deleted_at=None, status__in=ACTIVE).count()


def count_stored_bytes(owner: User) -> int:
    """Pictures and results of jobs that are not deleted."""
    pictures = SourceImage.objects.owned_by(owner).aggregate(total=Sum("size"))["total"] or 0
    results = Artifact.objects.owned_by(owner).aggregate(total=Sum("size"))["total"] or 0
    return int(pictures + results)
