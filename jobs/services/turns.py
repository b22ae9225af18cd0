"""Whose turn is it? Round the owners, and round each owner's jobs: who was picked longest ago comes next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Q
from django.db.models.functions import Now

from jobs.models import Job
from jobs.states import Status

_INSTANT = timedelta(microseconds=1)


@dataclass(kw_only=True)
class _Waiting:
    """A job with generations that wait."""

    pk: UUID
    owner: int
    picked: datetime | None
    created: datetime
    number: int


def plan_turns(engines: Sequence[str], *, at_most: int, except_owners: Collection[int] = ()) -> list[UUID]:
    """The jobs that the next picks fall on; a job comes as often as it is picked.

    Several picks of one owner at once fall on one job as long as it lasts: that costs fewer changes, and the next
    time it is another job's turn.
    """
    waiting, now = _list_waiting(engines, except_owners=except_owners)
    turns = _find_turns({job.owner for job in waiting})
    jobs = {owner: _sort_jobs(waiting, owner=owner) for owner in turns}
    picks: list[UUID] = []
    while jobs and len(picks) < at_most:
        owner = min(jobs, key=lambda each: _longest_ago(turns[each], jobs[each][0]))
        now += _INSTANT
        turns[owner] = now
        picks.append(_pick(jobs[owner]))
        if not jobs[owner]:
            del jobs[owner]
    return picks


def _sort_jobs(waiting: Sequence[_Waiting], *, owner: int) -> list[_Waiting]:
    """One owner's jobs in their order: first those that were never picked, then who was picked longest ago."""
    theirs = [job for job in waiting if job.owner == owner]
    return sorted(theirs, key=lambda job: (job.picked is not None, job.picked or job.created, job.created))


def _pick(jobs: list[_Waiting]) -> UUID:
    first = jobs[0]
    first.number -= 1
    if not first.number:
        jobs.pop(0)
    return first.pk


def _longest_ago(turn: datetime | None, job: _Waiting) -> tuple[bool, datetime]:
    """Who was never picked comes before who was; ``job``: the owner's next."""
    return (turn is not None, turn or job.created)


def _list_waiting(engines: Sequence[str], *, except_owners: Collection[int]) -> tuple[list[_Waiting], datetime]:
    theirs = Q(generations__status=Status.QUEUED, generations__engine__in=engines)
    jobs = Job.objects.active().filter(theirs, queued__gt=0)
    if except_owners:
        jobs = jobs.exclude(owner__in=except_owners)
    rows = jobs.order_by().annotate(number=Count("generations"), now=Now())
    found = list(rows.values_list("pk", "owner_id", "picked_at", "created_at", "number", "now"))
    waiting = [_Waiting(pk=row[0], owner=row[1], picked=row[2], created=row[3], number=row[4]) for row in found]
    return waiting, found[0][5] if found else datetime.now(UTC)


def _find_turns(owners: Collection[int]) -> dict[int, datetime | None]:
    rows = Job.objects.filter(owner__in=owners).values_list("owner").annotate(last=Max("picked_at")).order_by()
    return dict(rows)
