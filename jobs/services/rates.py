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
from django.db.models.functions import Now

from accounts.models import Limits, User
from jobs.errors import JobError
from jobs.models import UploadWindow
from jobs.services.writing import write_in_turn


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How many may come in a period, how many of them are left, and when there will be one more."""

    limit: int
    remaining: int
    resets_at: int  # seconds since 1970


@write_in_turn()
def count_upload(owner: User) -> Allowance:
    """Count this request, or ``JobError`` ``rate_limited``: in no period there are more than the limit."""
    limit, seconds = upload_rate(owner)
    now, times = _lock_window(owner, seconds=seconds)
    if len(times) >= limit:
        raise _refuse(limit, seconds=seconds, wait=_seconds_to_wait(times, limit=limit, seconds=seconds, now=now))
    times.append(now)
    UploadWindow.objects.filter(owner=owner).update(times=times)
    return Allowance(limit=limit, remaining=limit - len(times), resets_at=math.ceil(times[0] + seconds))


def upload_rate(owner: User) -> tuple[int, int]:
    """How many in how many seconds: the user's own limit, or the site's."""
    own = Limits.objects.filter(user=owner).values_list("uploads_per_minute", flat=True).first()
    return settings.RATE_LIMIT_UPLOAD if own is None else (own, 60)


def _lock_window(owner: User, *, seconds: int) -> tuple[float, list[float]]:
    """The time by the database's clock, and those of the owner's uploads that still count."""
    rows = UploadWindow.objects.select_for_update().annotate(now=Now()).filter(owner=owner)
    window: Any = rows.first()
    if window is None:
        UploadWindow.objects.get_or_create(owner=owner)
        window = rows.get()
    now = window.now.timestamp()
    return now, [time for time in window.times if time > now - seconds]


def _seconds_to_wait(times: list[float], *, limit: int, seconds: int, now: float) -> int:
    """Until so many have aged that fewer than ``limit`` are left; a limit of none is asked again after a period."""
    if limit == 0:
        return seconds
    return max(1, math.ceil(times[len(times) - limit] + seconds - now))


def _refuse(limit: int, *, seconds: int, wait: int) -> JobError:
    return JobError(
        "rate_limited",
        f"That was too often: at most {limit} uploads in {say_period(seconds)}.",
        hint=f"Try again in {wait} s.",
        details={"limit": limit, "period_seconds": seconds},
        retry_after=wait,
    )


def say_period(seconds: int) -> str:
    return {1: "a second", 60: "a minute", 3600: "an hour", 86_400: "a day"}.get(seconds, f"{seconds} seconds")
