"""What people do beside the events: tests, replays, changes, deletions. What becomes of the deliveries?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs.models import WebhookDelivery
from jobs.services import cancel_job, delete_job
from jobs.services.webhooks import delivering
from jobs.services.webhooks.delivering import Outcome, claim_next, record
from jobs.services.webhooks.subscriptions import (
    replay,
    send_test,
    update_webhook,
)
from tests.factories import finish_job, make_job
from tests.webhooks.conftest import wait_for_status

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_it_works(webhook, receiver, carry):
    delivery = send_test(webhook)
    carry()

    (call,) = receiver.wait_for(1)
    assert call.json["type"] == delivery.type == "webhook.test"
    assert call.is_signed_with(webhook.secret)


def test_a_replay_sends_the_same_again(alice, webhook, receiver, carry):
    finish_job(make_job(alice))
    carry()
    (delivery,) = wait_for_status("delivered")
    WebhookDelivery.objects.update(last_try_at=None)  # as if it was long ago

    replay(delivery)

    first, second = receiver.wait_for(2)
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_what_waits_goes_to_the_new_address(alice, webhook, receiver, carry):
    finish_job(make_job(alice))
    update_webhook(webhook, url=f"{receiver.url}/new")
    carry()

    assert receiver.wait_for(1)[0].path == "/hook/new"


def test_nothing_goes_to_one_that_is_switched_off(alice, webhook):
    finish_job(make_job(alice))
    update_webhook(webhook, active=False)
    finish_job(make_job(alice, first=5))

    (delivery,) = WebhookDelivery.objects.all()
    assert (delivery.status, delivery.error) == ("failed", "The webhook was switched off.")
    assert claim_next() is None


def test_a_deleted_job_leaves_no_names_behind(alice, webhook):
    job = finish_job(make_job(alice, names=["secret-plans.png"]))
    assert "secret-plans" in WebhookDelivery.objects.get().body

    delete_job(job, actor="")

    assert not WebhookDelivery.objects.exists()


def test_old_deliveries_are_forgotten(alice, webhook):
    finish_job(make_job(alice))
    cancel_job(make_job(alice, first=3), actor="")
    WebhookDelivery.objects.update(created_at=Now() - timedelta(days=31))
    record(claim_next(), outcome=Outcome(status=200))

    delivering.forget_old_deliveries()

    assert WebhookDelivery.objects.get().status == "pending"
