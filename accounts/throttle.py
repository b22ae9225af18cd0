"""May somebody try once more? Counts guesses, and what nobody does often, for each account and each address."""

from __future__ import annotations

import math
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.errors import TooManyFailures
from accounts.models import LoginFailure, Purpose

PER_ACCOUNT = 5
PER_ADDRESS = 20
SIGN_UPS_PER_ADDRESS = 10  # of anything: also of the news that an address has an account already
WINDOW = timedelta(minutes=15)


def note_attempt(account: str, *, address: str, purpose: Purpose = Purpose.PASSWORD) -> LoginFailure:
    """Count the attempt before the guess is looked at, so that many at once cannot slip through.

    It stays as a failure unless ``forget_failures`` is called. A refused attempt is not counted: the door opens
    when the oldest failure is 15 minutes old, however often it was shaken.
    """
    account = _blind(account)
    failure = LoginFailure.objects.create(account=account, address=address, purpose=purpose)
    recent = LoginFailure.objects.filter(at__gt=timezone.now() - WINDOW, purpose=purpose)
    per_address = SIGN_UPS_PER_ADDRESS if purpose == Purpose.SIGN_UP else PER_ADDRESS
    seconds = max(
        _seconds_to_wait(recent.filter(account=account), PER_ACCOUNT),
        _seconds_to_wait(recent.filter(address=address), per_address) if address else 0,
    )
    if seconds:
        failure.delete()
        raise TooManyFailures(seconds)
    LoginFailure.objects.filter(at__lte=timezone.now() - WINDOW).delete()
    return failure


def forget_failures(failure: LoginFailure) -> None:
    """The guess was right."""
    LoginFailure.objects.filter(account=failure.account, purpose=failure.purpose).delete()


def _seconds_to_wait(failures: QuerySet[LoginFailure], limit: int) -> int:
    """Until so many have aged that fewer than ``limit`` are left; 0 when the newest is within the limit."""
    times = list(failures.order_by("-at").values_list("at", flat=True)[limit : limit + 1])
    if not times:
        return 0
    return max(1, math.ceil((times[0] + WINDOW - timezone.now()).total_seconds()))


def _blind(account: str) -> str:
    """The table must not become a list of addresses that strangers typed."""
    return salted_hmac("accounts.LoginFailure", account.strip().lower(), algorithm="sha256").hexdigest()
