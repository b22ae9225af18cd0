"""May one more request be sent to a provider today? Above the daily number work waits, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from accounts.models import User
from jobs.models import Attempt, LedgerEntry, Submission
from jobs.services.money.holds import make_hold, open_holds
from jobs.services.money.locks import lock_purse
from jobs.services.money.prices import find_price


def may_submit_now(owner: User) -> bool:
    """Is there room for this user's work under the daily numbers? ``note_sending`` has the last word."""
    return is_site_open() and owner.pk not in find_braked_owners()


def is_number_limited() -> bool:
    """Is there a daily number at all? Then work is taken up one by one."""
    return (settings.MAX_SUBMISSIONS_PER_DAY, settings.MAX_SUBMISSIONS_PER_DAY_PER_USER) != (None, None)


def is_site_open() -> bool:
    """Is there room for anybody? A look without locks, to decide whether to take up work at all."""
    limit = settings.MAX_SUBMISSIONS_PER_DAY
    return limit is None or _sent_today().count() + _being_prepared().count() < limit


def find_braked_owners() -> frozenset[int]:
    """Whose work is not to be taken up today: it waits with the reason ``budget``."""
    limit = settings.MAX_SUBMISSIONS_PER_DAY_PER_USER
    if limit is None:
        return frozenset()
    numbers: dict[int, int] = dict(_sent_today().values_list("owner").annotate(number=Count("pk")).order_by())
    preparing = _being_prepared().values_list("generation__owner").annotate(number=Count("pk")).order_by()
    for owner, number in preparing:
        numbers[owner] = numbers.get(owner, 0) + number
    if limit == 0:
        return frozenset(User.objects.values_list("pk", flat=True))
    return frozenset(owner for owner, number in numbers.items() if owner is not None and number >= limit)


def note_sending(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Count these attempts as sent today and tie what is held for them to them; those that the day has room for.

    In the transaction that commits them as ``sending``, before the requests go out: however many processes send at
    once, none goes past the number. The others must not be sent. Reads their generations.
    """
    if not is_number_limited():
        _tie_holds(attempts)
        return list(attempts)
    lock_purse()
    allowed = []
    for attempt in attempts:
        if _has_room(attempt.generation.owner_id):
            _tie_holds([attempt])
            allowed.append(attempt)
    return allowed


def _tie_holds(attempts: Sequence[Attempt]) -> None:
    generations = [attempt.generation_id for attempt in attempts]
    held = {entry.generation_id: entry for entry in open_holds(*generations).order_by("created_at", "pk")}
    now = datetime.now(UTC)
    made: list[LedgerEntry] = []
    for attempt in attempts:
        entry = held.get(attempt.generation_id) or _make_missing_hold(attempt)
        entry.attempt, entry.sent_at = attempt.number, now
        if entry.pk is None:
            made.append(entry)
    LedgerEntry.objects.bulk_create(made)
    for number in sorted({attempt.number for attempt in attempts}):
        ids = [entry.pk for entry in held.values() if entry.attempt == number]
        LedgerEntry.objects.filter(pk__in=ids).update(attempt=number, sent_at=now)


def _make_missing_hold(attempt: Attempt) -> LedgerEntry:
    price = find_price(attempt.engine, options=attempt.generation.options)
    return make_hold(attempt.generation, price=price)


def _has_room(owner_id: int) -> bool:
    of_site, of_user = settings.MAX_SUBMISSIONS_PER_DAY, settings.MAX_SUBMISSIONS_PER_DAY_PER_USER
    return (of_site is None or _sent_today().count() < of_site) and (
        of_user is None or _sent_today().filter(owner=owner_id).count() < of_user
    )


def _sent_today() -> QuerySet[LedgerEntry]:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return LedgerEntry.objects.filter(sent_at__gte=midnight)


def _being_prepared() -> QuerySet[Attempt]:
    being = Q(submission=Submission.PREPARING, outcome=Attempt.Outcome.RUNNING)
    return Attempt.objects.filter(being)
