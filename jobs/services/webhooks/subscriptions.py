"""Which webhooks does a user have, and what can be done with them?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from jobs.errors import JobError
from jobs.models import JobWebhookSecret, Webhook, WebhookDelivery
from jobs.models.webhooks import TEST_TYPE, SigningSecret, WebhookType
from jobs.services.limits import lock_feed
from jobs.services.webhooks.outbox import note_test
from jobs.services.webhooks.targets import check_target
from jobs.signatures import make_secret

MAX_WEBHOOKS = 20
FORMER_SECRET_HOURS = 24
TESTS_PER_MINUTE = 10
REPLAY_PAUSE_SECONDS = 5

Status = WebhookDelivery.Status


def create_webhook(owner: User, *, url: str, types: Sequence[str] = ()) -> Webhook:
    """A new webhook, for all types without any named, or ``JobError``. Its secret is shown this once."""
    check_target(url)
    chosen = check_types(types or WebhookType.values)
    with transaction.atomic():
        lock_feed(owner)  # two requests at once count one after the other
        if Webhook.objects.owned_by(owner).count() >= MAX_WEBHOOKS:
            raise JobError("bad_request", f"You have {MAX_WEBHOOKS} webhooks.", hint="Delete one that is not needed.")
        return Webhook.objects.create(owner=owner, url=url, types=chosen)


def update_webhook(
    webhook: Webhook, *, url: str | None = None, types: Sequence[str] | None = None, active: bool | None = None
) -> Webhook:
    """Change what is given. What is still to be sent goes to the new address; nothing goes to one switched off."""
    changes: dict[str, Any] = {}
    if url is not None and url != webhook.url:
        check_target(url)
        changes["url"] = url
    if types is not None:
        changes["types"] = check_types(types)
    if active is not None:
        changes["active"] = active
    with transaction.atomic():
        if changes:
            Webhook.objects.filter(pk=webhook.pk).update(**changes)
        pending = WebhookDelivery.objects.filter(webhook=webhook, status=Status.PENDING)
        if "url" in changes:
            pending.update(url=url)
        if active is False:
            pending.update(status=Status.FAILED, next_try_at=None, error="The webhook was switched off.")
    return Webhook.objects.get(pk=webhook.pk)


def delete_webhook(webhook: Webhook) -> None:
    """With its log and what was still to be sent."""
    webhook.delete()


def rotate_secret(signing: SigningSecret) -> str:
    """The new secret, shown this once. The former one signs beside it for a day."""
    secret = make_secret()
    rows = type(signing)._default_manager.filter(pk=signing.pk)
    rows.update(
        secret=secret,
        former_secret=signing.secret,
        former_until=datetime.now(UTC) + timedelta(hours=FORMER_SECRET_HOURS),
    )
    return secret


def find_job_secret(owner: User) -> JobWebhookSecret:
    """What signs the calls to the ``webhook_url`` of this user's jobs."""
    return JobWebhookSecret.objects.get_or_create(owner=owner)[0]


def send_test(webhook: Webhook) -> WebhookDelivery:
    """Have a harmless event sent at once, also when the webhook listens to nothing else."""
    if not webhook.active:
        raise JobError("bad_request", "This webhook is switched off.", hint="Switch it on first.")
    recent = WebhookDelivery.objects.filter(
        webhook=webhook, type=TEST_TYPE, created_at__gt=Now() - timedelta(minutes=1)
    )
    if recent.count() >= TESTS_PER_MINUTE:
        raise _refuse_haste(TESTS_PER_MINUTE, seconds=60)
    return note_test(webhook)


def replay(delivery: WebhookDelivery) -> WebhookDelivery:
    """Send the same event again, with the same id, so that a receiver who knows it can tell."""
    if delivery.webhook is not None and not delivery.webhook.active:
        raise JobError("bad_request", "This webhook is switched off.", hint="Switch it on first.")
    pause = timedelta(seconds=REPLAY_PAUSE_SECONDS)
    if WebhookDelivery.objects.filter(pk=delivery.pk, last_try_at__gt=Now() - pause).exists():
        raise _refuse_haste(1, seconds=REPLAY_PAUSE_SECONDS)
    rows = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(status=Status.PENDING)
    rows.update(status=Status.PENDING, failures=0, next_try_at=Now(), lease_until=None, error="")
    WebhookDelivery.objects.filter(pk=delivery.pk, status=Status.PENDING).update(next_try_at=Now())
    return WebhookDelivery.objects.get(pk=delivery.pk)


def _refuse_haste(limit: int, *, seconds: int) -> JobError:
    """Nobody makes us call a stranger's server as fast as we can."""
    return JobError(
        "rate_limited", "That was too often.", hint=f"Try again in {seconds} s.",
        details={"limit": limit, "period_seconds": seconds}, retry_after=seconds,
    )  # fmt: skip


def check_types(types: Sequence[str]) -> list[str]:
    unknown = sorted(set(types) - set(WebhookType.values))
    if unknown or not types:
        raise JobError(
            "invalid_parameter",
            f"types are {', '.join(WebhookType.values)}; at least one is needed.",
            details={"parameter": "types"},
        )
    return [kind for kind in WebhookType.values if kind in types]
