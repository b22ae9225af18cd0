"""``budget.threshold``: who is told when most of a month's money is spent?"""

from __future__ import annotations

import json
from decimal import Decimal
from uuid import uuid4

import pytest

from accounts.models import Limits
from jobs.models import LedgerEntry, WebhookDelivery
from jobs.services.webhooks.budgets import note_budgets
from jobs.services.webhooks.subscriptions import create_webhook, update_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_webhooks")]


@pytest.fixture(autouse=True)
def _budget(alice):
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal(10))


def spend(owner, amount: str, *, state: str = LedgerEntry.State.ACTUAL) -> None:
    LedgerEntry.objects.create(
        owner=owner, job_id=uuid4(), generation_id=uuid4(), engine="tripo-v2.5", amount=Decimal(amount), state=state
    )


def read_told() -> list[int]:
    bodies = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("created_at")]
    return [body["data"]["threshold_percent"] for body in bodies]


def test_it_works(alice, webhook):
    spend(alice, "8.00")

    note_budgets()

    delivery = WebhookDelivery.objects.get()
    body = json.loads(delivery.body)
    assert delivery.type == body["type"] == "budget.threshold"
    assert body["id"] == delivery.event_id
    data = body["data"]
    assert data["threshold_percent"] == 80
    assert (data["limit"], data["spent"], data["remaining"], data["currency"]) == ("10.00", "8.00", "2.00", "USD")


def test_below_the_threshold_nobody_is_told(alice, webhook):
    spend(alice, "7.99")
    note_budgets()
    assert read_told() == []


def test_each_threshold_is_told_once(alice, webhook):
    spend(alice, "8.50")
    note_budgets(), note_budgets()
    assert read_told() == [80]

    spend(alice, "1.50", state=LedgerEntry.State.HELD)  # money kept back counts
    note_budgets(), note_budgets()
    assert read_told() == [80, 100]


def test_another_limit_is_another_threshold(alice, webhook):
    spend(alice, "8.50")
    note_budgets()
    Limits.objects.update(budget_usd_per_month=Decimal("10.50"))
    note_budgets()

    assert read_told() == [80, 80]


def test_each_webhook_is_told(alice, webhook, receiver):
    create_webhook(alice, url=f"{receiver.url}/two")
    spend(alice, "9")
    note_budgets()

    first, second = WebhookDelivery.objects.all()
    assert first.event_id == second.event_id
    assert first.webhook != second.webhook


def test_only_those_who_want_to_know(alice, bob, webhook, receiver):
    update_webhook(webhook, types=["job.failed"])
    create_webhook(bob, url=receiver.url)
    spend(alice, "10")
    note_budgets()

    assert read_told() == []


def test_without_a_limit_there_is_nothing_to_tell(alice, webhook):
    Limits.objects.update(budget_usd_per_month=None)
    spend(alice, "1000")
    note_budgets()

    assert read_told() == []
