"""How much may a user still spend this month?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Sum

from accounts.models import Limits, User
from jobs.models import LedgerEntry


@dataclass(frozen=True, kw_only=True)
class Budget:
    """In USD. ``limit`` is None where there is none; ``held`` is what work under way may cost."""

    limit: Decimal | None
    spent: Decimal
    held: Decimal
    resets_at: datetime

    @property
    def remaining(self) -> Decimal | None:
        return None if self.limit is None else max(Decimal(), self.limit - self.spent - self.held)


def read_budget(owner: User) -> Budget:
    begin = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    entries = LedgerEntry.objects.filter(owner=owner, created_at__gte=begin).order_by()
    sums = dict(entries.values_list("state").annotate(total=Sum("amount")))
    return Budget(
        limit=Limits.objects.filter(user=owner).values_list("budget_usd_per_month", flat=True).first(),
        spent=sums.get(LedgerEntry.State.ACTUAL, Decimal()),
        held=sums.get(LedgerEntry.State.HELD, Decimal()),
        resets_at=end,
    )
