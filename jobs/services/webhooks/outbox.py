"""What is to be told, and to whom? Written in the transaction of the event, so that no crash can lose it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db.models.functions import Now

from accounts.models import User
from jobs.describe import PARTS, describe_job, format_time
from jobs.links import Links
from jobs.models import Job, Webhook, WebhookDelivery
from jobs.models.webhooks import TEST_TYPE


def note_job_end(job: Job) -> None:
    """A job is over: tell the user's webhooks and the job's own address, with the job as the API shows it."""
    kind = f"job.{job.status}"
    webhooks = find_subscribers(job.owner_id, kind=kind)
    if not webhooks and not job.webhook_url:
        return
    shown = Job.objects.prefetch_related(*PARTS).get(pk=job.pk)
    data = describe_job(shown, links=Links(base=settings.PUBLIC_URL))
    event_id = make_event_id()
    deliveries = [_address(webhook) for webhook in webhooks]
    if job.webhook_url:
        deliveries.append(WebhookDelivery(owner_id=job.owner_id, url=job.webhook_url))
    write(deliveries, event_id=event_id, kind=kind, data=data, job=job)


def note_test(webhook: Webhook) -> WebhookDelivery:
    """Somebody wants to see whether it works."""
    data = {"message": "This is a test. Nothing happened."}
    (delivery,) = write([_address(webhook)], event_id=make_event_id(), kind=TEST_TYPE, data=data)
    return WebhookDelivery.objects.get(pk=delivery.pk)


def find_subscribers(owner_id: int, *, kind: str) -> list[Webhook]:
    return [row for row in Webhook.objects.filter(owner=owner_id, active=True) if kind in row.types]


def tell_user(owner: User, *, webhooks: Iterable[Webhook], event_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """An event of the user's own. The same ``event_id`` twice is told once."""
    write([_address(webhook) for webhook in webhooks], event_id=event_id, kind=kind, data=data)


def _address(webhook: Webhook) -> WebhookDelivery:
    return WebhookDelivery(owner_id=webhook.owner_id, webhook=webhook, url=webhook.url)


def make_event_id() -> str:
    return f"evt_{uuid4().hex}"


def write(
    deliveries: list[WebhookDelivery], *, event_id: str, kind: str, data: Mapping[str, Any], job: Job | None = None
) -> list[WebhookDelivery]:
    body = {"id": event_id, "type": kind, "created_at": format_time(datetime.now(UTC)), "data": data}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    for delivery in deliveries:
        delivery.job, delivery.event_id, delivery.type, delivery.body = job, event_id, kind, text
        delivery.next_try_at = Now()
    return WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
