"""What did the work cost in the end?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, Sum
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
    return settle_some([attempt])[attempt.pk]


def settle_some(attempts: Sequence[Attempt]) -> dict[int, Decimal | None]:
    """As ``settle`` for several, whose jobs are locked already, with a few changes for all of them."""
    fresh = list(Attempt.objects.select_related("generation").filter(pk__in=[attempt.pk for attempt in attempts]))
    known = [attempt for attempt in fresh if attempt.submission not in UNCLEAR]
    entries = _find_entries(known)
    costs = {attempt.pk: _find_cost(attempt, entry=entries.get(attempt.pk)) for attempt in known}
    for cost in set(costs.values()):
        ids = [pk for pk, each in costs.items() if each == cost]
        Attempt.objects.filter(pk__in=ids).update(cost=cost)
    _write_entries(entries, attempts=known, costs=costs)
    _add_up({attempt.generation_id for attempt in known})
    return {attempt.pk: costs.get(attempt.pk) for attempt in fresh}


def end_work(generation: Generation) -> None:
    """A generation is over, in the transaction that ends it.

    What was held for a try that was never sent is given back, and a run of a free engine cost nothing. What was
    sent to a provider stays held until it is settled.
    """
    release(generation)
    if is_free(generation.engine):
        Attempt.objects.filter(generation=generation, engine=generation.engine, cost=None).update(cost=Decimal())
    _add_up([generation.pk])


def _find_entries(attempts: Sequence[Attempt]) -> dict[int, LedgerEntry]:
    """Each one's own row; or what is held for its generation, as long as no other try can claim it."""
    rows = LedgerEntry.objects.filter(generation_id__in={attempt.generation_id for attempt in attempts})
    of_generation: dict[UUID, list[LedgerEntry]] = defaultdict(list)
    for row in rows.order_by("-created_at", "-pk"):
        of_generation[row.generation_id].append(row)
    found = {attempt.pk: _choose_entry(attempt, of_generation[attempt.generation_id]) for attempt in attempts}
    return {pk: entry for pk, entry in found.items() if entry is not None}


def _choose_entry(attempt: Attempt, rows: Sequence[LedgerEntry]) -> LedgerEntry | None:
    own = [row for row in rows if row.attempt == attempt.number]
    is_latest = attempt.number == attempt.generation.attempt and attempt.generation.status != Status.QUEUED
    held = [row for row in rows if row.attempt is None and row.state == State.HELD] if is_latest else []
    return next(iter([*own, *held]), None)


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


def _write_entries(
    entries: Mapping[int, LedgerEntry], *, attempts: Sequence[Attempt], costs: Mapping[int, Decimal | None]
) -> None:
    written = [
        entry
        for attempt in attempts
        if (entry := _write_entry(entries.get(attempt.pk), attempt=attempt, cost=costs[attempt.pk])) is not None
    ]
    stored = [entry for entry in written if entry.pk is not None]
    LedgerEntry.objects.bulk_create([entry for entry in written if entry.pk is None])
    LedgerEntry.objects.bulk_update(stored, ["engine", "attempt", "state", "amount", "sent_at"])
    LedgerEntry.objects.filter(pk__in=[entry.pk for entry in written], settled_at=None).update(settled_at=Now())


def _write_entry(entry: LedgerEntry | None, *, attempt: Attempt, cost: Decimal | None) -> LedgerEntry | None:
    """The row as it is to be written, if it is; a new one has no key yet."""
    was_billed = cost is None or cost > 0
    if entry is None and was_billed:
        entry = make_hold(attempt.generation, price=None)
    if entry is None:
        return None
    if attempt.submission == Submission.NOT_SENT and attempt.generation.status in ACTIVE:
        _reopen(entry)
        return None
    entry.engine, entry.attempt = attempt.engine, attempt.number
    entry.state = State.ACTUAL if was_billed else State.RELEASED
    entry.amount = (cost or Decimal()) if was_billed else entry.amount  # a released row keeps its estimate
    entry.sent_at = None if attempt.submission == Submission.NOT_SENT else entry.sent_at
    return entry


def _reopen(entry: LedgerEntry) -> None:
    """The request never arrived and the generation goes on: its next try needs the money, and the day has room."""
    if open_holds(entry.generation_id).exclude(pk=entry.pk).exists():
        entry.state = State.RELEASED
    else:
        entry.attempt = None
    entry.sent_at = None
    entry.save()


def _add_up(generation_ids: Collection[UUID]) -> None:
    """What the tries of each generation cost together; nothing as long as the cost of a paid one is not known."""
    paid = Count("pk", filter=Q(submission__in=MAY_BE_PAID))
    rows = Attempt.objects.filter(generation__in=generation_ids).values_list("generation").order_by()
    sums = dict.fromkeys(generation_ids, (None, 0)) | {
        pk: (total, number) for pk, total, number in rows.annotate(total=Sum("cost"), paid=paid)
    }
    totals = {pk: Decimal() if total is None and not number else total for pk, (total, number) in sums.items()}
    for total in set(totals.values()):
        ids = [pk for pk, each in totals.items() if each == total]
        Generation.objects.filter(pk__in=ids).update(cost_actual=total)
