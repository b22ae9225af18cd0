"""May this user come again already? A sliding window in the database: exact, however many processes ask at once.

Every upload and every call that makes a job counts, whatever comes of it: bad pictures cost as much to look at
as good ones, and a repeated idempotency key is a request, too. What is refused here does not count, so that
the door opens at the promised time, however often it was shaken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import ApiKey, Limits, User
from jobs.errors import JobError
from jobs.models import KeyUploadWindow, UploadWindow
from jobs.models.limits import Window
from jobs.services.writing import write_in_turn


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How many may come in a period, how many of them are left, and when there will be one more."""

    limit: int
    remaining: int
    resets_at: int  # seconds since 1970


@write_in_turn()
def count_upload(owner: User, *, api_key: ApiKey | None = None) -> Allowance:
    """Count this request, or ``JobError`` ``rate_limited``: in no period there are more than a limit says.

    The user's limit counts all their keys and pages together; a key may have one of its own beside it. The answer
    tells of the nearer one, the refusal of the one that opens last.
    """
    limit, seconds = upload_rate(owner)
    windows = [_lock(UploadWindow, limit_of="user", limit=limit, seconds=seconds, owner=owner)]
    if api_key is not None and api_key.uploads_per_minute is not None:
        own = api_key.uploads_per_minute
        windows.append(_lock(KeyUploadWindow, limit_of="key", limit=own, seconds=60, api_key=api_key))
    if full := [window for window in windows if window.is_full]:
        raise _refuse(max(full, key=lambda window: window.seconds_to_wait))
    return min((window.take() for window in windows), key=lambda left: (left.remaining, -left.resets_at))


def upload_rate(owner: User) -> tuple[int, int]:
    """How many in how many seconds: the user's own limit, or the site's."""
    own = Limits.objects.filter(user=owner).values_list("uploads_per_minute", flat=True).first()
    return settings.RATE_LIMIT_UPLOAD if own is None else (own, 60)


@dataclass(frozen=True, kw_only=True)
class _Locked:
    """A window that nobody else counts in until the transaction ends."""

    rows: QuerySet[Any]
    limit_of: str
    limit: int
    seconds: int
    now: float  # by the database's clock
    times: list[float]  # of the uploads that still count

    @property
    def is_full(self) -> bool:
        return len(self.times) >= self.limit

    @property
    def seconds_to_wait(self) -> int:
        """Until so many have aged that fewer than ``limit`` are left; a limit of none is asked again after a period."""
        if self.limit == 0:
            return self.seconds
        return max(1, math.ceil(self.times[len(self.times) - self.limit] + self.seconds - self.now))

    def take(self) -> Allowance:
        times = [*self.times, self.now]
        self.rows.update(times=times)
        resets_at = math.ceil(times[0] + self.seconds)
        return Allowance(limit=self.limit, remaining=self.limit - len(times), resets_at=resets_at)


def _lock(table: type[Window], *, limit_of: str, limit: int, seconds: int, **whose: Any) -> _Locked:
    rows: QuerySet[Any] = table._default_manager.filter(**whose)
    timed = rows.select_for_update().annotate(now=Now())
    window = timed.first()
    if window is None:
        table._default_manager.get_or_create(**whose)
        window = timed.get()
    now = window.now.timestamp()
    times = [time for time in window.times if time > now - seconds]
    return _Locked(rows=rows, limit_of=limit_of, limit=limit, seconds=seconds, now=now, times=times)


def _refuse(window: _Locked) -> JobError:
    wait = window.seconds_to_wait
    with_what = " with this API key" if window.limit_of == "key" else ""
    return JobError(
        "rate_limited",
        f"That was too often: at most {window.limit} uploads in {say_period(window.seconds)}{with_what}.",
        hint=f"Try again in {wait} s.",
        details={"limit": window.limit, "period_seconds": window.seconds, "limit_of": window.limit_of},
        retry_after=wait,
    )


def say_period(seconds: int) -> str:
    return {1: "a second", 60: "a minute", 3600: "an hour", 86_400: "a day"}.get(seconds, f"{seconds} seconds")
