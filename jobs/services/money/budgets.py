"""How much may still be spent this month, by a user and by all?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import QuerySet, Sum

from accounts.models import Limits, User
from jobs.describe import format_money, format_time
from jobs.models import LedgerEntry


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Of one calendar month (UTC), in USD. ``limit`` is None where there is none."""

    limit: Decimal | None
    actual: Decimal  # what providers billed
    held: Decimal  # what work under way may cost
    resets_at: datetime

    @property
    def spent(self) -> Decimal:
        """Held money counts: it may be gone any moment."""
        return self.actual + self.held

    @property
    def remaining(self) -> Decimal | None:
        return None if self.limit is None else max(Decimal(), self.limit - self.spent)

    def has_room_for(self, amount: Decimal) -> bool:
        return self.remaining is None or amount <= self.remaining


def read_budget(owner: User) -> Budget:
    """The user's own limit, or the site's default for users."""
    own = Limits.objects.filter(user=owner).values_list("budget_usd_per_month", flat=True).first()
    limit = settings.USER_BUDGET_USD_PER_MONTH if own is None else own
    return _read(LedgerEntry.objects.filter(owner=owner), limit=limit)


def read_site_budget() -> Budget:
    """Of all users together, those included who have left."""
    return _read(LedgerEntry.objects.all(), limit=settings.SITE_BUDGET_USD_PER_MONTH)


def _read(entries: QuerySet[LedgerEntry], *, limit: Decimal | None) -> Budget:
    begin = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    month = entries.filter(created_at__gte=begin).order_by()
    sums = dict(month.values_list("state").annotate(total=Sum("amount")))
    return Budget(
        limit=limit,
        actual=sums.get(LedgerEntry.State.ACTUAL, Decimal()),
        held=sums.get(LedgerEntry.State.HELD, Decimal()),
        resets_at=begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1),
    )


def describe_budget(owner: User) -> dict[str, str | None]:
    """For clients: money as decimal strings, null for no limit."""
    budget = read_budget(owner)
    return {
        "limit": format_money(budget.limit),
        "spent": format_money(budget.spent),
        "remaining": format_money(budget.remaining),
        "resets_at": format_time(budget.resets_at),
    }
