"""From the end of a job to the receiver: what is sent, when again, and what is noted of it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from jobs.models import Generation, JobWebhookSecret, Webhook, WebhookDelivery
from jobs.services import cancel_job, delete_generation, delete_job, retry_job, runs
from jobs.services.webhooks import delivering
from jobs.services.webhooks.delivering import Outcome, claim_next, record
from jobs.services.webhooks.subscriptions import (
    create_webhook,
    find_job_secret,
    replay,
    rotate_secret,
    send_test,
    update_webhook,
)
from tests.factories import claim, finish_job, make_artifact, make_job, make_picture
from tests.running import wait_until
from tests.servers import find_free_port
from tests.webhooks.conftest import wait_for_status

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
FAILURE = runs.Failure(code="no_object", message="There is no object.")


def test_it_works(alice, webhook, receiver, carry, settings):
    settings.PUBLIC_URL = "https://models.example.org"
    job = finish_job(make_job(alice, names=["chair.png"]))
    carry()

    (call,) = receiver.wait_for(1)

    assert call.path == "/hook"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"].startswith("Image2Model/")
    assert call.is_signed_with(webhook.secret)
    assert abs(int(call.headers["webhook-timestamp"]) - time.time()) < 10
    body = call.json
    assert set(body) == {"id", "type", "created_at", "data"}
    assert (body["id"], body["type"]) == (call.headers["webhook-id"], "job.completed")
    assert datetime.fromisoformat(body["created_at"]).tzinfo == UTC
    assert (body["data"]["id"], body["data"]["status"], body["data"]["progress"]) == (str(job.pk), "completed", 100)
    files = body["data"]["generations"][0]["files"]
    assert files[0]["url"] == f"https://models.example.org/api/v1/download/{job.pk}/chair.glb"
    (delivery,) = wait_for_status("delivered")
    assert (delivery.tries, delivery.response_status, delivery.job_id) == (1, 204, job.pk)
    assert delivery.delivered_at is not None


def test_the_job_is_told_as_the_api_shows_it(alice, webhook, receiver, carry, api, settings):
    settings.PUBLIC_URL = "http://testserver"
    job = finish_job(make_job(alice, pictures=2))
    carry()

    assert receiver.wait_for(1)[0].json["data"] == api.get(f"/api/v1/jobs/{job.pk}").json()


def test_failed_and_cancelled_jobs_are_told(alice, webhook, receiver, carry):
    runs.fail_generation(claim(make_job(alice)), failure=FAILURE)
    cancel_job(make_job(alice), actor="")
    carry()

    told = {call.json["type"]: call.json["data"] for call in receiver.wait_for(2)}
    assert set(told) == {"job.failed", "job.cancelled"}
    assert told["job.failed"]["error"]["code"] == "no_object"


def test_a_job_that_runs_is_not_told(alice, webhook):
    claim(make_job(alice, pictures=2))
    assert not WebhookDelivery.objects.exists()


def test_a_retried_job_is_told_again(alice, webhook):
    job = make_job(alice)
    runs.fail_generation(claim(job), failure=FAILURE)
    retry_job(job, actor="")
    finish_job_again(job)

    first, second = WebhookDelivery.objects.order_by("created_at")
    assert (first.type, second.type) == ("job.failed", "job.completed")
    assert first.event_id != second.event_id


def finish_job_again(job) -> None:
    generation = claim(job)
    runs.complete_generation(generation, artifacts=[make_artifact(generation)])


def test_a_model_that_comes_after_the_end_is_told(alice, webhook):
    """One of two was given up; then its provider delivers all the same."""
    job = make_job(alice, pictures=2)
    late = claim(job)
    runs.fail_generation(late, failure=FAILURE)
    finish_job_again(job)
    runs.complete_generation(Generation.objects.get(pk=late.pk), artifacts=[make_artifact(late)])

    assert [row.type for row in WebhookDelivery.objects.all()] == ["job.completed", "job.completed"]


def test_deleting_one_of_two_models_is_not_told(alice, webhook):
    job = finish_job(make_job(alice, pictures=2))
    delete_generation(job.generations.first(), actor="")

    assert WebhookDelivery.objects.count() == 1


def test_the_outbox_is_part_of_the_event(alice, webhook):
    """A transaction that fails tells nothing."""
    generation = claim(make_job(alice))
    with pytest.raises(RuntimeError), transaction.atomic():
        runs.fail_generation(generation, failure=FAILURE)
        assert WebhookDelivery.objects.exists()
        raise RuntimeError

    assert not WebhookDelivery.objects.exists()


def test_only_what_was_subscribed_to_is_told(alice, bob, webhook, receiver, private_webhooks):
    update_webhook(webhook, types=["job.failed"])
    create_webhook(bob, url=receiver.url)
    create_webhook(alice, url=receiver.url, types=["job.completed", "job.cancelled"])
    finish_job(make_job(alice))

    (delivery,) = WebhookDelivery.objects.all()
    assert delivery.webhook != webhook
    assert delivery.owner == alice


# A job's own address


def test_a_jobs_own_address_is_called(alice, api, receiver, carry, private_webhooks):
    job_id = api.upload(make_picture(), webhook_url=receiver.url).json()["job_id"]
    cancel_job(Generation.objects.get().job, actor="")
    carry()

    (call,) = receiver.wait_for(1)
    assert (call.json["type"], call.json["data"]["id"]) == ("job.cancelled", job_id)
    assert call.is_signed_with(JobWebhookSecret.objects.get(owner=alice).secret)
    assert wait_for_status("delivered")[0].webhook is None


def test_webhooks_and_the_jobs_own_address_hear_of_the_same_event(alice, api, webhook, receiver, carry):
    api.upload(make_picture(), webhook_url=f"{receiver.url}/own")
    cancel_job(Generation.objects.get().job, actor="")
    carry()

    calls = receiver.wait_for(2)
    assert {call.path for call in calls} == {"/hook", "/hook/own"}
    assert len({call.headers["webhook-id"] for call in calls}) == 1


def test_the_secret_of_jobs_can_be_changed(alice):
    first = find_job_secret(alice).secret
    second = rotate_secret(find_job_secret(alice))

    assert find_job_secret(alice).list_secrets(datetime.now(UTC)) == [second, first]


# Tries


def test_it_is_tried_again_until_it_is_taken(alice, webhook, receiver, carry, quick_gaps):
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
    record(claim_next(), outcome=Outcome(status=500))

    delivery = WebhookDelivery.objects.get()
    assert claim_next() is None
    assert 4 <= (delivery.next_try_at - datetime.now(UTC)).total_seconds() <= 5.1


def test_a_receiver_may_ask_for_time(alice, webhook):
    finish_job(make_job(alice))
    record(claim_next(), outcome=Outcome(status=429, retry_after=120))

    wait = WebhookDelivery.objects.get().next_try_at - datetime.now(UTC)
    assert 118 <= wait.total_seconds() <= 121


def test_but_not_for_ever(alice, webhook):
    finish_job(make_job(alice))
    record(claim_next(), outcome=Outcome(status=429, retry_after=10**8))

    assert WebhookDelivery.objects.get().next_try_at - datetime.now(UTC) < timedelta(hours=1, seconds=5)


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
    receiver.answer = lambda call: ((release.wait(20) and 200) or 200, {}, b"")
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
        ((release.wait(20) and 200) or 200, {}, b"") if call.path == "/hook" else (200, {}, b"")
    )
    create_webhook(bob, url=f"{receiver.url}/bob")
    for number in range(8):
        cancel_job(make_job(alice, first=number), actor="")
    cancel_job(make_job(bob), actor="")
    carry()
    try:
        wait_until(lambda: any(call.path == "/hook/bob" for call in receiver.calls), what="Bob's call")
        assert len([call for call in receiver.calls if call.path == "/hook"]) == delivering.PER_OWNER
    finally:
        release.set()


# Secrets


def test_after_a_change_both_secrets_sign(alice, webhook, receiver, carry):
    new = rotate_secret(webhook)
    send_test(webhook)
    carry()

    (call,) = receiver.wait_for(1)
    assert len(call.signatures) == 2
    assert call.is_signed_with(new)
    assert call.is_signed_with(webhook.secret)


def test_a_day_later_only_the_new_one(alice, webhook, receiver, carry):
    new = rotate_secret(webhook)
    Webhook.objects.update(former_until=F("former_until") - timedelta(hours=24))
    send_test(webhook)
    carry()

    (call,) = receiver.wait_for(1)
    assert call.is_signed_with(new)
    assert not call.is_signed_with(webhook.secret)


def test_the_log_holds_no_secrets(alice, webhook, receiver, carry):
    """A receiver echoes all that it was sent, and more."""

    def echo(call):
        words = [*call.headers.values(), webhook.secret, "i2m_abcdefgh_0123", "Bearer abc", "\x00\x1b[31mred"]
        return 400, {}, "\n".join(words).encode()

    receiver.answer = echo
    finish_job(make_job(alice))
    carry()

    wait_until(lambda: WebhookDelivery.objects.get().failures, what="a failure")
    excerpt = WebhookDelivery.objects.get().response_excerpt
    assert "[secret]" in excerpt
    for part in (webhook.secret, "i2m_", "Bearer abc", receiver.calls[0].signatures[0], "\x00", "\x1b"):
        assert part not in excerpt


# What people do


def test_a_test_is_sent(webhook, receiver, carry):
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
