"""May FAL be asked now? A circuit breaker and a pause of the whole account, in one row that all processes share."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from jobs.models import Provider
from jobs.services.fal.provider import FAL, lock_provider

logger = logging.getLogger(__name__)

MAX_FAILURES = 5
WINDOW_SECONDS = 60.0
PROBE_SECONDS = 30.0

Breaker = Provider.Breaker


def note_success() -> None:
    """FAL took a request: nothing stands in the way of others."""
    troubled = Provider.objects.filter(name=FAL).exclude(breaker=Breaker.CLOSED, failures=0)
    if troubled.update(breaker=Breaker.CLOSED, failures=0, window_started_at=None, opened_at=None, next_probe_at=None):
        logger.info("FAL answers again.")


@transaction.atomic
def note_failure() -> bool:
    """FAL could not be reached, or did not answer. Several in a short time open the breaker; is it open now?"""
    provider = lock_provider()
    rows = Provider.objects.filter(name=FAL)
    recent = rows.filter(window_started_at__gt=Now() - timedelta(seconds=WINDOW_SECONDS)).exists()
    failures = provider.failures + 1 if recent else 1
    rows.update(failures=failures, **({} if recent else {"window_started_at": Now()}))
    if provider.breaker == Breaker.HALF_OPEN or (provider.breaker == Breaker.CLOSED and failures >= MAX_FAILURES):
        rows.update(breaker=Breaker.OPEN, opened_at=Coalesce("opened_at", Now()), next_probe_at=_after_a_while())
        logger.warning("FAL does not answer: nothing is sent until a probe succeeds.")
        return True
    return provider.breaker == Breaker.OPEN


def pause(reason: str, *, message: str) -> None:
    """FAL does not serve the account: everything waits until a person helped and a probe succeeds."""
    rows = Provider.objects.filter(name=FAL)
    Provider.objects.get_or_create(name=FAL)
    fresh = rows.filter(paused_reason="").update(paused_at=Now())
    rows.update(paused_reason=reason, paused_message=message, next_probe_at=_after_a_while())
    if fresh:
        logger.error("FAL is paused (%s): %s", reason, message)


def begin_probe() -> bool:
    """Is it this caller's turn to ask whether FAL is there again? At most one asks in each while."""
    blocked = Q(breaker=Breaker.OPEN) | ~Q(paused_reason="")
    due = Provider.objects.filter(blocked, name=FAL).filter(Q(next_probe_at__lte=Now()) | Q(next_probe_at=None))
    return bool(due.update(next_probe_at=_after_a_while()))


def end_probe() -> None:
    """The probe went well: one request may try."""
    blocked = Q(breaker=Breaker.OPEN) | ~Q(paused_reason="")
    Provider.objects.filter(blocked, name=FAL).update(
        breaker=Breaker.HALF_OPEN, paused_reason="", paused_message="", paused_at=None, next_probe_at=None
    )


def reset(*, actor: str) -> None:
    """A person says that all is well."""
    Provider.objects.filter(name=FAL).update(
        breaker=Breaker.CLOSED, failures=0, window_started_at=None, opened_at=None, next_probe_at=None,
        paused_reason="", paused_message="", paused_at=None,
    )  # fmt: skip
    logger.warning("The breaker of FAL was reset by %s.", actor)


def is_blocked(provider: Provider) -> bool:
    return bool(provider.paused_reason) or provider.breaker == Breaker.OPEN


def _after_a_while() -> object:
    return Now() + timedelta(seconds=PROBE_SECONDS)
