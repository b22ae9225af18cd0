"""May one more request be sent to a provider today? Above the daily number work waits, and says why."""

from __future__ import annotations

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


def note_sending(attempt: Attempt) -> bool:
    """Count this attempt as sent today and tie what is held for it to it; False when the day's number is reached.

    In the transaction that commits the attempt as ``sending``, before the request goes out: however many
    processes send at once, none goes past the number. On False the attempt must not be sent.
    """
    generation = attempt.generation
    if is_number_limited():
        lock_purse()
    if not _has_room(generation.owner_id):
        return False
    entry = open_holds(generation.pk).first() or make_hold(
        generation, price=find_price(attempt.engine, options=generation.options)
    )
    entry.attempt, entry.sent_at = attempt.number, datetime.now(UTC)
    entry.save()
    return True


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
