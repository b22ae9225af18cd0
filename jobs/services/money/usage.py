"""What was used and spent, by day and engine?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate

from accounts.models import User
from jobs import catalog
from jobs.models import Generation, LedgerEntry
from jobs.services.money.prices import is_free
from jobs.states import Status

State = LedgerEntry.State


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """One engine on one day (UTC), USD. ``held`` is what work under way may cost."""

    day: date
    engine: str
    generations: int
    actual: Decimal
    held: Decimal


def read_usage(owner: User, *, since: date, until: date) -> list[UsageRow]:
    """From the first day to the last, both included, the latest first.

    Paid engines from the ledger, which outlives its jobs: generations that cost something or may. Free engines
    from the models that are still kept.
    """
    begin = datetime.combine(since, time(), UTC)
    period = (begin, datetime.combine(until, time(), UTC) + timedelta(days=1))
    rows = [*_read_paid(owner, period), *_read_free(owner, period)]
    return sorted(rows, key=lambda row: (-row.day.toordinal(), row.engine))


def _read_paid(owner: User, period: tuple[datetime, datetime]) -> Iterator[UsageRow]:
    entries = LedgerEntry.objects.filter(owner=owner, created_at__gte=period[0], created_at__lt=period[1])
    days = entries.exclude(state=State.RELEASED).annotate(day=TruncDate("created_at", tzinfo=UTC))
    for row in (
        days.order_by()
        .values("day", "engine")
        .annotate(
            generations=Count("generation_id", distinct=True),
            actual=Sum("amount", filter=Q(state=State.ACTUAL), default=Decimal()),
            held=Sum("amount", filter=Q(state=State.HELD), default=Decimal()),
        )
    ):
        yield UsageRow(**row)


def _read_free(owner: User, period: tuple[datetime, datetime]) -> Iterator[UsageRow]:
    free = [engine for engine in catalog.ENGINES if is_free(engine)]
    made = Generation.objects.owned_by(owner).filter(status=Status.COMPLETED, engine__in=free)
    days = made.filter(created_at__gte=period[0], created_at__lt=period[1])
    rows = days.order_by().values("engine", day=TruncDate("created_at", tzinfo=UTC)).annotate(number=Count("pk"))
    for row in rows:
        yield UsageRow(
            day=row["day"], engine=row["engine"], generations=row["number"], actual=Decimal(), held=Decimal()
        )


def add_up_engines(rows: list[UsageRow]) -> list[UsageRow]:
    """The days of each engine as one row, under the latest day; the dearest engine first."""
    by_engine: dict[str, list[UsageRow]] = defaultdict(list)
    for row in rows:
        by_engine[row.engine].append(row)
    totals = [
        UsageRow(
            day=max(row.day for row in group),
            engine=engine,
            generations=sum(row.generations for row in group),
            actual=sum((row.actual for row in group), Decimal()),
            held=sum((row.held for row in group), Decimal()),
        )
        for engine, group in by_engine.items()
    ]
    return sorted(totals, key=lambda row: (-(row.actual + row.held), row.engine))
