"""What is to be sent now, and what came of it? Every change of the outbox while it is emptied; nothing is sent here."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now

from jobs.models import JobWebhookSecret, Webhook, WebhookDelivery
from jobs.models.generations import lease_for

# Seconds before the second try, the third and so on: ten tries within a day.
GAPS = (5, 30, 120, 600, 1800, 7200, 18_000, 28_800, 28_000)
JITTER = 0.1  # of a gap, so that receivers that came back are not called by all at once
LEASE_SECONDS = 30  # three times what a try may take
PER_OWNER = 2  # tries of one user at the same time: slow receivers hold up nobody else's
LONGEST_WAIT = 3600  # that a receiver may ask for by Retry-After
KEPT = timedelta(days=30)
EXCERPT_LENGTH = 500
GONE = 410

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
SECRETS = re.compile(r"whsec_[\w+/=-]+|i2m_\w+|v1,[\w+/=-]{20,}|(?i:bearer)\s+\S+")

Status = WebhookDelivery.Status


@dataclass(frozen=True, kw_only=True)
class Try:
    """One delivery that is now this caller's to send."""

    delivery_id: UUID
    number: int
    url: str
    event_id: str
    body: str
    secrets: list[str]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a try. ``status`` is None without an answer; ``error`` says why."""

    status: int | None = None
    text: str = ""
    error: str = ""
    retry_after: int = 0

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def find_due() -> QuerySet[WebhookDelivery]:
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    return WebhookDelivery.objects.filter(free, status=Status.PENDING, next_try_at__lte=Now())


def is_needed() -> bool:
    """Is there anything to carry, or anybody who wants to hear?"""
    return Webhook.objects.filter(active=True).exists() or find_due().exists()


def claim_next() -> Try | None:
    """The delivery that waits longest, of a user who is not being served already."""
    under_way = WebhookDelivery.objects.filter(status=Status.PENDING, lease_until__gte=Now()).order_by()
    busy = under_way.values("owner").annotate(number=Count("id")).filter(number__gte=PER_OWNER).values("owner")
    while (delivery := find_due().exclude(owner__in=busy).order_by("next_try_at").first()) is not None:
        won = (
            find_due()
            .filter(pk=delivery.pk, tries=delivery.tries)
            .update(tries=F("tries") + 1, lease_until=lease_for(LEASE_SECONDS), last_try_at=Now())
        )
        if won:
            return _describe(delivery)
    return None


def _describe(delivery: WebhookDelivery) -> Try:
    owned = delivery.webhook or JobWebhookSecret.objects.get_or_create(owner_id=delivery.owner_id)[0]
    return Try(
        delivery_id=delivery.pk,
        number=delivery.tries + 1,
        url=delivery.url,
        event_id=delivery.event_id,
        body=delivery.body,
        secrets=owned.list_secrets(datetime.now(UTC)),
    )


def record(sent: Try, *, outcome: Outcome) -> None:
    """Note what came of it. A result that is too late, because somebody else has the delivery, is nothing."""
    rows = WebhookDelivery.objects.filter(pk=sent.delivery_id, tries=sent.number, status=Status.PENDING)
    delivery = rows.first()
    if delivery is None:
        return
    facts = {
        "lease_until": None,
        "response_status": outcome.status,
        "response_excerpt": _excerpt(outcome.text),
        "error": outcome.error,
    }
    if outcome.is_good:
        rows.update(**facts, status=Status.DELIVERED, delivered_at=Now(), next_try_at=None, failures=0)
    elif outcome.status == GONE and delivery.webhook_id:
        _switch_off(delivery.webhook_id)
        rows.update(**facts, status=Status.FAILED, next_try_at=None)
    elif delivery.failures >= len(GAPS):
        rows.update(**facts, status=Status.FAILED, next_try_at=None, failures=F("failures") + 1)
    else:
        wait = timedelta(seconds=_choose_wait(delivery.failures, asked=outcome.retry_after))
        rows.update(**facts, next_try_at=Now() + wait, failures=F("failures") + 1)


def _choose_wait(failures: int, *, asked: int) -> float:
    gap = GAPS[failures] * (1 - JITTER * random.random())  # nosec B311
    return max(gap, min(asked, LONGEST_WAIT))


def _switch_off(webhook_id: UUID) -> None:
    """The receiver says that it is gone for good."""
    Webhook.objects.filter(pk=webhook_id).update(active=False)
    others = WebhookDelivery.objects.filter(webhook=webhook_id, status=Status.PENDING, lease_until=None)
    others.update(status=Status.FAILED, next_try_at=None, error="The receiver said that it is gone.")


def _excerpt(text: str) -> str:
    """The beginning, without what must not lie in a log: a receiver may echo what it was sent."""
    return UNPRINTABLE.sub(" ", SECRETS.sub("[secret]", text))[:EXCERPT_LENGTH]


def forget_old_deliveries() -> None:
    """The log reaches back a month."""
    WebhookDelivery.objects.exclude(status=Status.PENDING).filter(created_at__lt=Now() - KEPT).delete()
