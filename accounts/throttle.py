"""May somebody try another password? Counts failures for each account and each address, known or not."""

from __future__ import annotations

import math
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.errors import TooManyFailures
from accounts.models import LoginFailure

PER_ACCOUNT = 5
PER_ADDRESS = 20
WINDOW = timedelta(minutes=15)


def note_attempt(email: str, *, address: str) -> LoginFailure:
    """Count the attempt before the password is looked at, so that many at once cannot slip through.

    It stays as a failure unless ``forget_failures`` is called. A refused attempt is not counted: the door opens
    when the oldest failure is 15 minutes old, however often it was shaken.
    """
    account = _blind(email)
    failure = LoginFailure.objects.create(account=account, address=address)
    recent = LoginFailure.objects.filter(at__gt=timezone.now() - WINDOW)
    seconds = max(
        _seconds_to_wait(recent.filter(account=account), PER_ACCOUNT),
        _seconds_to_wait(recent.filter(address=address), PER_ADDRESS) if address else 0,
    )
    if seconds:
        failure.delete()
        raise TooManyFailures(seconds)
    LoginFailure.objects.filter(at__lte=timezone.now() - WINDOW).delete()
    return failure


def forget_failures(failure: LoginFailure) -> None:
    """The password was right."""
    LoginFailure.objects.filter(account=failure.account).delete()


def _seconds_to_wait(failures: QuerySet[LoginFailure], limit: int) -> int:
    """Until so many have aged that fewer than ``limit`` are left; 0 when the newest is within the limit."""
    times = list(failures.order_by("-at").values_list("at", flat=True)[limit : limit + 1])
    if not times:
        return 0
    return max(1, math.ceil((times[0] + WINDOW - timezone.now()).total_seconds()))


def _blind(email: str) -> str:
    """The table must not become a list of addresses that strangers typed."""
    return salted_hmac("accounts.LoginFailure", email.strip().lower(), algorithm="sha256").hexdigest()
