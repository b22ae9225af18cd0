"""``POST /api/v1/webhooks/fal/{token}``: rows W01 to W15 of the bad inputs, delivered by the virtual FAL itself."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest

from jobs.api.views import webhooks
from jobs.models import Attempt, Generation
from jobs.services import cancel_job, delete_job
from jobs.services.fal import pacing
from tests.virtual_fal.scenarios import ROWS

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def heard(scene, live_server, settings, monkeypatch):
    """FAL tells this server when a request is over; polling is so slow that it plays no part."""
    settings.PUBLIC_URL = live_server.url
    monkeypatch.setattr(webhooks, "memory", webhooks.KeyMemory())
    monkeypatch.setattr(pacing, "first_delay", lambda typical: 600.0)
    monkeypatch.setattr("jobs.services.fal.submission.first_delay", lambda typical: 600.0)
    return scene


def wait_for_delivery(scene, number: int = 1) -> list[dict]:
    end = time.monotonic() + 60
    while len(deliveries := scene.fal.ledger()["webhooks"]) < number:
        assert time.monotonic() < end
        time.sleep(0.02)  # the pace of asking
    return deliveries


def test_w01_it_works(alice, heard):
    job = heard.make_job(alice)
    generation = heard.run(job)
    assert generation.status == "completed"
    [delivery] = wait_for_delivery(heard)
    assert (delivery["status"], "noted" in delivery["answer"]) == (200, True)
    assert len(heard.fal.ledger(step="result")["requests"]) == 1  # the payload is not believed: the result is read
    assert Attempt.objects.get().polls <= 2


@pytest.mark.parametrize("scenario", ROWS["W03"])
def test_w03_a_bad_signature(alice, heard, scenario):
    heard.make_job(alice)
    heard.fal.script({"preset": scenario})
    heard.send()
    delivery = wait_for_delivery(heard)[0]
    assert delivery["status"] == 401
    assert "webhook_signature_invalid" in delivery["answer"]
    assert Attempt.objects.get().polls == 0


@pytest.mark.parametrize("scenario", ROWS["W05"])
def test_w05_a_timestamp_of_another_time(alice, heard, scenario):
    heard.make_job(alice)
    heard.fal.script(scenario)
    heard.send()
    delivery = wait_for_delivery(heard)[0]
    if scenario == "webhook-298-s-old":
        assert delivery["status"] == 200
    else:
        assert (delivery["status"], "webhook_timestamp_out_of_range" in delivery["answer"]) == (401, True)


@pytest.mark.parametrize("scenario", ROWS["W07"])
def test_w07_keys_that_are_none(alice, heard, scenario):
    heard.make_job(alice)
    from tests.virtual_fal.scenarios import PRESETS

    fault = PRESETS[scenario].faults["jwks"][0]
    heard.fal.set_weather("steps", steps=["jwks"], fault={
        "kind": fault.kind, "status": fault.status, "body": fault.body, "content_type": fault.content_type,
    })  # fmt: skip
    heard.send()
    delivery = wait_for_delivery(heard)[0]
    assert (delivery["status"], "webhook_signature_invalid" in delivery["answer"]) == (401, True)


def test_w09_old_keys_do_while_fal_hands_out_none(alice, heard):
    job = heard.make_job(alice)
    heard.run(job)
    wait_for_delivery(heard)
    keys = webhooks.memory.get()
    webhooks.memory.set(
        type(keys)(keys=keys.keys, fetched_at=time.time() - 23 * 3600, asked_at=time.time() - 23 * 3600)
    )
    heard.fal.set_weather("steps", steps=["jwks"], fault={"kind": "close"})
    answer = heard.fal.send_webhook(heard.fal.submits()[0]["request_id"])
    assert answer["status"] == 200


def test_without_any_keys_fal_comes_again(alice, heard):
    heard.make_job(alice)
    heard.fal.set_weather("steps", steps=["jwks"], fault={"kind": "close"})
    heard.send()
    delivery = wait_for_delivery(heard)[0]
    assert (delivery["status"], "webhook_keys_unavailable" in delivery["answer"]) == (503, True)


def test_w11_the_token_of_another_attempt(alice, heard):
    job = heard.make_job(alice, pictures=2)
    heard.run(job)
    deliveries = wait_for_delivery(heard, 2)
    other = next(d["request_id"] for d in deliveries if d["request_id"] != deliveries[0]["request_id"])
    mine = deliveries[0]["request_id"]
    answer = heard.fal.control("POST", f"requests/{mine}/webhook", {"request_id": other})
    assert (answer["status"], "webhook_mismatch" in answer["answer"]) == (409, True)


def test_w11_header_and_body_differ(alice, heard):
    heard.make_job(alice)
    heard.fal.script("webhook-other-header-id")
    heard.send()
    assert wait_for_delivery(heard)[0]["status"] == 409


def test_w13_a_body_that_is_too_large(alice, heard):
    heard.make_job(alice)
    heard.fal.script("webhook-too-big")
    heard.send()
    delivery = wait_for_delivery(heard)[0]
    assert (delivery["status"], "request_too_large" in delivery["answer"]) == (413, True)


def test_w13_the_largest_body(alice, heard):
    heard.make_job(alice)
    heard.fal.script("webhook-biggest")
    heard.send()
    assert wait_for_delivery(heard)[0]["status"] == 200


@pytest.mark.parametrize("fate", ["cancelled", "deleted"])
def test_w15_of_a_generation_that_is_over(alice, heard, fate):
    job = heard.make_job(alice)
    heard.fal.script("webhook-never")
    heard.send()
    if fate == "cancelled":
        cancel_job(job, actor="alice")
    else:
        delete_job(job, actor="alice")
    heard.fal.finish(heard.fal.submits()[0]["request_id"])
    answer = heard.fal.send_webhook(heard.fal.submits()[0]["request_id"])
    assert answer["status"] == 200
    assert {row.status for row in Generation.objects.all()} <= {"cancelled"}


@pytest.mark.parametrize("scenario", ["webhook-payload-error", "requeued"])
def test_its_payload_and_its_other_id_do_not_matter(alice, heard, scenario):
    """The payload may be missing, and after FAL's own retries the gateway has another id: the result is read anyway."""
    job = heard.make_job(alice)
    heard.fal.script(scenario)
    assert heard.run(job).status == "completed"
    [delivery] = wait_for_delivery(heard)
    assert (delivery["status"], "noted" in delivery["answer"]) == (200, True)
    assert len(heard.fal.submits()) == 1


def test_twice_does_no_harm(alice, heard):
    job = heard.make_job(alice)
    heard.fal.script("webhook-twice")
    assert heard.run(job).status == "completed"
    assert {delivery["status"] for delivery in wait_for_delivery(heard, 2)} == {200}


def test_it_may_come_before_the_answer_to_the_post(alice, heard):
    job = heard.make_job(alice)
    heard.fal.script("webhook-early")
    assert heard.run(job).status == "completed"
    assert len(heard.fal.submits()) == 1


def test_it_finds_a_submission_of_unknown_outcome(alice, heard):
    job = heard.make_job(alice)
    heard.fal.script({"preset": "submit-reset-created", "in_history": False})
    heard.send()
    generation = heard.run(job)
    assert (generation.status, generation.attempt) == ("completed", 1)
    assert len(heard.fal.submits()) == 1


def test_a_stranger_learns_nothing(client):
    answer = client.post(f"/api/v1/webhooks/fal/{uuid4()}", data=b"{}", content_type="application/json")
    assert answer.status_code == 401
    assert client.get(f"/api/v1/webhooks/fal/{uuid4()}/").status_code == 405
