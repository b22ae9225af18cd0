"""What did the work cost in the end?"""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now

from jobs.models import MAY_BE_PAID, Attempt, Generation, LedgerEntry, Submission
from jobs.services.derive import lock_job
from jobs.services.money.holds import make_hold, open_holds, release
from jobs.services.money.prices import find_price, is_free
from jobs.states import ACTIVE, Status

State = LedgerEntry.State
NEVER_TAKEN = frozenset({Submission.PREPARING, Submission.NOT_SENT, Submission.REJECTED})
UNCLEAR = frozenset({Submission.SENDING, Submission.UNKNOWN})
SMALLEST = Decimal("0.0001")


@transaction.atomic
def settle(attempt: Attempt) -> Decimal | None:
    """Write what this attempt cost to the ledger, the attempt and its generation; None while nobody knows.

    Reads what the rows say now, so that it may be called again, as when the bill comes later than the model.
    As long as it is unclear whether the provider took the request, its money stays held.
    """
    lock_job(attempt.generation.job_id)
    attempt = Attempt.objects.select_related("generation").get(pk=attempt.pk)
    if attempt.submission in UNCLEAR:
        return None
    entry = _find_entry(attempt)
    cost = _find_cost(attempt, entry=entry)
    Attempt.objects.filter(pk=attempt.pk).update(cost=cost)
    _write_entry(entry, attempt=attempt, cost=cost)
    _add_up(attempt.generation)
    return cost


def end_work(generation: Generation) -> None:
    """A generation is over, in the transaction that ends it.

    What was held for a try that was never sent is given back, and a run of a free engine cost nothing. What was
    sent to a provider stays held until it is settled.
    """
    release(generation)
    if is_free(generation.engine):
        Attempt.objects.filter(generation=generation, engine=generation.engine, cost=None).update(cost=Decimal())
    _add_up(generation)


def _find_entry(attempt: Attempt) -> LedgerEntry | None:
    """Its own row; or what is held for the generation, as long as no other try can claim it."""
    own = LedgerEntry.objects.filter(generation_id=attempt.generation_id, attempt=attempt.number).first()
    is_latest = attempt.number == attempt.generation.attempt and attempt.generation.status != Status.QUEUED
    return own or (open_holds(attempt.generation_id).first() if is_latest else None)


def _find_cost(attempt: Attempt, *, entry: LedgerEntry | None) -> Decimal | None:
    """What the provider billed where it says so; else the estimate for a result, and nothing for none."""
    units = attempt.billable_units
    if attempt.submission in NEVER_TAKEN or is_free(attempt.engine) or units == 0:
        return Decimal()
    if units is not None and attempt.unit_price is not None:
        return (units * attempt.unit_price).quantize(SMALLEST)
    was_delivered = attempt.outcome == Attempt.Outcome.COMPLETED or attempt.raw_result is not None
    if not was_delivered and units is None:
        return Decimal()
    if entry is not None and entry.amount:
        return entry.amount
    return find_price(attempt.engine, options=attempt.generation.options)


def _write_entry(entry: LedgerEntry | None, *, attempt: Attempt, cost: Decimal | None) -> None:
    was_billed = cost is None or cost > 0
    if entry is None and was_billed:
        entry = make_hold(attempt.generation, price=None)
    if entry is None:
        return
    if attempt.submission == Submission.NOT_SENT and attempt.generation.status in ACTIVE:
        _reopen(entry)
        return
    entry.engine, entry.attempt = attempt.engine, attempt.number
    entry.state = State.ACTUAL if was_billed else State.RELEASED
    entry.amount = (cost or Decimal()) if was_billed else entry.amount  # a released row keeps its estimate
    entry.sent_at = None if attempt.submission == Submission.NOT_SENT else entry.sent_at
    entry.save()
    LedgerEntry.objects.filter(pk=entry.pk, settled_at=None).update(settled_at=Now())


def _reopen(entry: LedgerEntry) -> None:
    """The request never arrived and the generation goes on: its next try needs the money, and the day has room."""
    if open_holds(entry.generation_id).exclude(pk=entry.pk).exists():
        entry.state = State.RELEASED
    else:
        entry.attempt = None
    entry.sent_at = None
    entry.save()


def _add_up(generation: Generation) -> None:
    attempts = Attempt.objects.filter(generation=generation)
    total = attempts.aggregate(total=Sum("cost"))["total"]
    if total is None and not attempts.filter(submission__in=MAY_BE_PAID).exists():
        total = Decimal()
    Generation.objects.filter(pk=generation.pk).update(cost_actual=total)
