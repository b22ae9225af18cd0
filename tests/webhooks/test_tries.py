"""A receiver does not take what it is sent: when is it tried again, and what is noted of it?"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now

from jobs.models import Webhook, WebhookDelivery
from jobs.services import cancel_job
from jobs.services.webhooks import delivering
from jobs.services.webhooks.delivering import Outcome, claim_next, record
from jobs.services.webhooks.subscriptions import (
    create_webhook,
    update_webhook,
)
from tests.factories import finish_job, make_job
from tests.running import wait_until
from tests.servers import find_free_port
from tests.webhooks.conftest import wait_for_status

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_it_works(alice, webhook, receiver, carry, quick_gaps):
    receiver.reply(500, 302, 404, 200, headers={"Location": "/elsewhere"})
    finish_job(make_job(alice))
    carry()

    (delivery,) = wait_for_status("delivered")
    assert (delivery.tries, delivery.failures, delivery.response_status) == (4, 0, 200)
    assert {call.path for call in receiver.calls} == {"/hook"}  # no redirect was followed
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
    assert len({call.body for call in receiver.calls}) == 1


def test_after_ten_tries_it_is_given_up(alice, webhook, receiver, carry, quick_gaps):
    receiver.reply(503)
    finish_job(make_job(alice))
    carry()

    (delivery,) = wait_for_status("failed")
    assert (delivery.tries, delivery.failures) == (10, 10)
    assert (delivery.response_status, delivery.error, delivery.next_try_at) == (503, "Answered 503.", None)


def test_the_gaps_grow_and_fill_a_day():
    assert list(delivering.GAPS[:-1]) == sorted(delivering.GAPS[:-1])
    assert timedelta(hours=23) < timedelta(seconds=sum(delivering.GAPS)) <= timedelta(hours=24)


def test_the_next_try_waits_for_its_gap(alice, webhook):
    finish_job(make_job(alice))
    WebhookDelivery.objects.update(failures=3)
    before = datetime.now(UTC)
    record(claim_next(), outcome=Outcome(status=500))

    gap = delivering.GAPS[3]
    assert claim_next() is None
    assert_waits(since=before, at_least=gap * (1 - delivering.JITTER), at_most=gap)


def assert_waits(*, since: datetime, at_least: float, at_most: float) -> None:
    """Give or take what went by meanwhile, and the part of a second that a database leaves out."""
    wait = (WebhookDelivery.objects.get().next_try_at - since).total_seconds()
    spent = (datetime.now(UTC) - since).total_seconds()
    assert at_least - 0.1 <= wait <= at_most + spent + 0.1


def test_a_receiver_may_ask_for_time(alice, webhook):
    finish_job(make_job(alice))
    before = datetime.now(UTC)
    record(claim_next(), outcome=Outcome(status=429, retry_after=120))

    assert_waits(since=before, at_least=120, at_most=120)


def test_but_not_for_ever(alice, webhook):
    finish_job(make_job(alice))
    before = datetime.now(UTC)
    record(claim_next(), outcome=Outcome(status=429, retry_after=10**8))

    assert_waits(since=before, at_least=delivering.LONGEST_WAIT, at_most=delivering.LONGEST_WAIT)


def test_a_receiver_that_is_gone_is_switched_off(alice, webhook, receiver, carry):
    receiver.reply(410)
    finish_job(make_job(alice))
    carry()

    (delivery,) = wait_for_status("failed")
    assert delivery.tries == 1
    assert not Webhook.objects.get().active


def test_nobody_answers(alice, webhook, carry, settings):
    update_webhook(webhook, url=f"http://127.0.0.1:{find_free_port()}/")
    finish_job(make_job(alice))
    carry()

    wait_until(lambda: WebhookDelivery.objects.get().failures, what="a failure")
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.response_status) == ("pending", None)
    assert delivery.error == "The host cannot be reached."


def test_a_receiver_that_is_silent_costs_ten_seconds_at_most(alice, webhook, receiver, carry, monkeypatch):
    monkeypatch.setattr("jobs.egress.posting.TIMEOUT_SECONDS", 0.3)
    release = threading.Event()
    receiver.answer = lambda call: ((release.wait(60) and 200) or 200, {}, b"")
    finish_job(make_job(alice))
    carry()
    try:
        wait_until(lambda: WebhookDelivery.objects.get().failures, what="a failure")
    finally:
        release.set()
    assert WebhookDelivery.objects.get().error.startswith("No answer within")


def test_an_endless_answer_is_not_read_to_its_end(alice, webhook, receiver, carry):
    receiver.reply(200, body=b"x" * 10_000_000)
    finish_job(make_job(alice))
    carry()

    assert len(wait_for_status("delivered")[0].response_excerpt) == 500


def test_a_worker_that_died_has_its_try_taken_over(alice, webhook):
    finish_job(make_job(alice))
    lost = claim_next()
    assert claim_next() is None
    WebhookDelivery.objects.update(lease_until=Now() - timedelta(seconds=1))

    taken = claim_next()

    assert (lost.number, taken.number) == (1, 2)
    record(lost, outcome=Outcome(status=200))  # it wakes up late: somebody else has it
    assert WebhookDelivery.objects.get().status == "pending"
    record(taken, outcome=Outcome(status=200))
    assert WebhookDelivery.objects.get().status == "delivered"


def test_two_who_carry_send_nothing_twice(alice, webhook, receiver, carry):
    for number in range(10):
        cancel_job(make_job(alice, first=number), actor="")
    carry(), carry()

    wait_for_status("delivered", 10)
    assert len(receiver.calls) == len({call.headers["webhook-id"] for call in receiver.calls}) == 10


def test_a_slow_receiver_holds_up_nobody_elses(alice, bob, webhook, receiver, carry, private_webhooks):
    release = threading.Event()
    receiver.answer = lambda call: (
        ((release.wait(60) and 200) or 200, {}, b"") if call.path == "/hook" else (200, {}, b"")
    )
    create_webhook(bob, url=f"{receiver.url}/bob")
    for number in range(8):
        cancel_job(make_job(alice, first=number), actor="")
    cancel_job(make_job(bob), actor="")
    carry()
    try:
        wait_until(lambda: count_calls(receiver, "/hook/bob"), what="Bob's call")
        wait_until(lambda: count_calls(receiver, "/hook") >= delivering.PER_OWNER, what="those of Alice that may go")
        assert count_calls(receiver, "/hook") == delivering.PER_OWNER
    finally:
        release.set()


def count_calls(receiver, path: str) -> int:
    return len([call for call in receiver.calls if call.path == path])
