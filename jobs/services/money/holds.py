"""May this work be paid for, and what is kept back for it until the bill is known?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs import catalog
from jobs.describe import CURRENCY, format_money, format_time
from jobs.errors import JobError
from jobs.models import Generation, Job, LedgerEntry
from jobs.services.limits import lock_feed
from jobs.services.money.budgets import Budget, read_budget, read_site_budget
from jobs.services.money.locks import lock_purse
from jobs.services.money.prices import find_price, is_free

State = LedgerEntry.State


def hold(job: Job, *, generations: Sequence[Generation]) -> None:
    """Keep back what these generations may cost, or ``JobError`` ``budget_exceeded`` and nothing is kept.

    In the transaction that creates the work. The owner's feed row, and the purse where the site has a budget,
    stay locked until it ends, so that requests that come at once are counted one by one.
    """
    paid = [generation for generation in generations if not is_free(generation.engine)]
    if not paid:
        return
    lock_feed(job.owner)
    prices = [find_price(generation.engine, options=generation.options) for generation in paid]
    needed = sum((price for price in prices if price is not None), Decimal())
    unpriced = next((row.engine for row, price in zip(paid, prices, strict=True) if price is None), "")
    _check(read_budget(job.owner), needed=needed, unpriced=unpriced, which="user")
    if settings.SITE_BUDGET_USD_PER_MONTH is not None:
        lock_purse()
        _check(read_site_budget(), needed=needed, unpriced=unpriced, which="site")
    LedgerEntry.objects.bulk_create(
        make_hold(generation, price=price) for generation, price in zip(paid, prices, strict=True)
    )


def make_hold(generation: Generation, *, price: Decimal | None) -> LedgerEntry:
    """A price that nobody knows is held as nothing; the bill fills it in."""
    return LedgerEntry(
        owner_id=generation.owner_id,
        job_id=generation.job_id,
        generation_id=generation.pk,
        engine=generation.engine,
        amount=price or Decimal(),
    )


def _check(budget: Budget, *, needed: Decimal, unpriced: str, which: str) -> None:
    if budget.limit is None:
        return
    if unpriced and not settings.ALLOW_UNPRICED_ENGINES:
        raise _refuse(budget, needed=None, which=which, words=f"The price of {_name(unpriced)} is not known")
    if not budget.has_room_for(needed):
        raise _refuse(budget, needed=needed, which=which, words=f"This would cost {format_money(needed)} {CURRENCY}")


def _refuse(budget: Budget, *, needed: Decimal | None, which: str, words: str) -> JobError:
    whose = "your budget" if which == "user" else "the budget of this site"
    spent, limit = format_money(budget.spent), format_money(budget.limit)
    return JobError(
        "budget_exceeded",
        f"{words}, and {spent} of {limit} {CURRENCY}, {whose} for this month, are spent or held for work under way.",
        hint=f"The budget begins anew on {budget.resets_at:%d %B %Y} (UTC). The local engine costs nothing.",
        details={
            "which": which,
            "limit": limit,
            "spent": spent,
            "needed": format_money(needed),
            "currency": CURRENCY,
            "resets_at": format_time(budget.resets_at),
        },
    )


def _name(engine_id: str) -> str:
    entry = catalog.ENGINES.get(engine_id)
    return entry.name if entry else engine_id


def open_holds(*generation_ids: UUID) -> QuerySet[LedgerEntry]:
    """What is kept back for tries that were not sent yet."""
    return LedgerEntry.objects.filter(generation_id__in=generation_ids, attempt=None, state=State.HELD)


def keep_hold(generation: Generation) -> None:
    """Its run was handed back: what the next one may cost stays kept back, without asking for it again."""
    if not is_free(generation.engine) and not open_holds(generation.pk).exists():
        make_hold(generation, price=find_price(generation.engine, options=generation.options)).save()


def release(generation: Generation) -> None:
    """Give back what was kept for a try that was never sent. What was sent stays held until it is settled."""
    open_holds(generation.pk).update(state=State.RELEASED, settled_at=Now())


def write_off(generation_ids: Sequence[UUID]) -> None:
    """These rows go, and nobody will learn the bill: what was sent counts as spent, the rest is given back."""
    held = LedgerEntry.objects.filter(generation_id__in=generation_ids, state=State.HELD)
    held.filter(attempt=None).update(state=State.RELEASED, settled_at=Now())
    held.exclude(attempt=None).update(state=State.ACTUAL, settled_at=Now())
