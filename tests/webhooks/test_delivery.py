"""From the end of a job to the receiver: what is sent, and to whom?"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from django.db import transaction

from jobs.models import Generation, JobWebhookSecret, WebhookDelivery
from jobs.services import cancel_job, delete_generation, retry_job, runs
from jobs.services.webhooks.subscriptions import (
    create_webhook,
    find_job_secret,
    rotate_secret,
    update_webhook,
)
from tests.factories import claim, finish_job, make_artifact, make_job, make_picture
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
    assert abs(int(call.headers["webhook-timestamp"]) - time.time()) < 60
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
