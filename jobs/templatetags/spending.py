"""What was spent, for pages that know no jobs and for those that ask for money?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django import template

from accounts.models import User
from jobs.describe import describe_engine
from jobs.services import money

register = template.Library()


@dataclass(frozen=True, kw_only=True)
class EngineSpending:
    """One engine in this month."""

    name: str
    generations: int
    amount: Decimal  # billed, and held for work under way


@dataclass(frozen=True, kw_only=True)
class Spending:
    """One user's month."""

    budget: money.Budget
    engines: list[EngineSpending]

    @property
    def percent(self) -> int:
        """Of the limit, for a bar."""
        limit = self.budget.limit
        return min(100, round(100 * self.budget.spent / limit)) if limit else 100


@register.simple_tag
def read_spending(user: User) -> Spending:
    """This calendar month (UTC), the dearest engine first."""
    today = datetime.now(UTC).date()
    rows = money.add_up_engines(money.read_usage(user, since=today.replace(day=1), until=today))
    return Spending(
        budget=money.read_budget(user),
        engines=[
            EngineSpending(
                name=describe_engine(row.engine)["name"], generations=row.generations, amount=row.actual + row.held
            )
            for row in rows
        ],
    )


@register.simple_tag
def read_budget(user: User) -> money.Budget:
    return money.read_budget(user)
