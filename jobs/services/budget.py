"""How much may a user still spend this month?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Sum

from accounts.models import Limits, User
from jobs.models import Attempt


@dataclass(frozen=True, kw_only=True)
class Budget:
    """In USD. ``limit`` is None where there is none."""

    limit: Decimal | None
    spent: Decimal
    resets_at: datetime

    @property
    def remaining(self) -> Decimal | None:
        return None if self.limit is None else max(Decimal(), self.limit - self.spent)


def read_budget(owner: User) -> Budget:
    begin = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    attempts = Attempt.objects.filter(generation__owner=owner, created_at__gte=begin)
    return Budget(
        limit=Limits.objects.filter(user=owner).values_list("budget_usd_per_month", flat=True).first(),
        spent=attempts.aggregate(total=Sum("cost"))["total"] or Decimal(),
        resets_at=end,
    )
