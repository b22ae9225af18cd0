"""``/api/v1/webhooks`` and what lies below it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from jobs.models import Webhook, WebhookDelivery
from jobs.services import cancel_job
from jobs.services.webhooks import subscriptions
from jobs.services.webhooks.delivering import Outcome, claim_next, record
from tests.api.client import Api, assert_refused
from tests.factories import make_job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_webhooks")]

HOOKS = "/api/v1/webhooks"
URL = "http://127.0.0.1:9/hook"
TYPES = ["job.completed", "job.failed", "job.cancelled", "budget.threshold"]


@pytest.fixture
def made(api: Api) -> dict:
    return api.post(HOOKS, {"url": URL}).json()


def test_it_works(api):
    response = api.post(HOOKS, {"url": URL, "types": ["job.failed", "job.completed"]})

    body = response.json()
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    assert set(body) == {"id", "url", "types", "active", "created_at", "secret"}
    assert (body["url"], body["types"], body["active"]) == (URL, ["job.completed", "job.failed"], True)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", body["secret"])
    listed = api.get(HOOKS).json()["results"]
    assert listed == [{name: value for name, value in body.items() if name != "secret"}]
    assert api.get(f"{HOOKS}/{body['id']}/").json() == listed[0]


def test_all_types_without_any_named(made):
    assert made["types"] == TYPES


def test_secrets_differ(api):
    assert api.post(HOOKS, {"url": URL}).json()["secret"] != api.post(HOOKS, {"url": URL}).json()["secret"]


def test_the_secret_is_shown_once(api, made):
    for path in (HOOKS, f"{HOOKS}/{made['id']}", f"{HOOKS}/{made['id']}/deliveries", f"{HOOKS}/deliveries"):
        assert b"whsec_" not in api.get(path).content


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_parameter"),
        ({"url": ""}, "invalid_parameter"),
        ({"url": 5}, "invalid_parameter"),
        ({"url": "https://e.org/" + "x" * 500}, "invalid_parameter"),
        ({"url": "ftp://example.org"}, "url_not_allowed"),
        ({"url": URL, "types": ["job.started"]}, "invalid_parameter"),
        ({"url": URL, "types": "job.started"}, "invalid_parameter"),
        ({"url": URL, "types": [1]}, "invalid_parameter"),
        ({"url": URL, "secret": "whsec_mine"}, "unknown_parameter"),
        ({"url": URL, "active": True}, "unknown_parameter"),
    ],
)
def test_what_cannot_be_made(api, body, code):
    assert_refused(api.post(HOOKS, body), 400, code)
    assert not Webhook.objects.exists()


def test_not_more_than_twenty(api, stranger, monkeypatch):
    monkeypatch.setattr(subscriptions, "MAX_WEBHOOKS", 2)
    for _ in range(2):
        assert api.post(HOOKS, {"url": URL}).status_code == 201

    assert_refused(api.post(HOOKS, {"url": URL}), 400, "bad_request")
    assert stranger.post(HOOKS, {"url": URL}).status_code == 201


def change(api: Api, made: dict, **body):
    return api.call("PATCH", f"{HOOKS}/{made['id']}", data=json.dumps(body),
                    content_type="application/json")  # fmt: skip


def test_changing(api, made):
    response = change(api, made, url=f"{URL}/new", types=["job.failed"], active=False)

    body = response.json()
    assert (body["url"], body["types"], body["active"]) == (f"{URL}/new", ["job.failed"], False)
    assert change(api, made, active=True).json()["active"] is True
    assert change(api, made).json()["url"] == f"{URL}/new"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": ""}, "invalid_parameter"),
        ({"url": "ftp://x"}, "url_not_allowed"),
        ({"types": []}, "invalid_parameter"),
        ({"types": ["nothing"]}, "invalid_parameter"),
        ({"active": "yes"}, "invalid_parameter"),
        ({"active": None}, "invalid_parameter"),
        ({"owner": 2}, "unknown_parameter"),
    ],
)
def test_what_cannot_be_changed(api, made, body, code):
    assert_refused(change(api, made, **body), 400, code)
    assert api.get(f"{HOOKS}/{made['id']}").json()["url"] == URL


def test_deleting(api, made):
    assert api.delete(f"{HOOKS}/{made['id']}").status_code == 204
    assert api.get(HOOKS).json() == {"results": []}
    assert_refused(api.delete(f"{HOOKS}/{made['id']}"), 404, "not_found")


def test_testing(api, made):
    response = api.post(f"{HOOKS}/{made['id']}/test")

    body = response.json()
    assert response.status_code == 202
    assert (body["type"], body["status"], body["tries"], body["job_id"]) == ("webhook.test", "pending", 0, None)
    assert api.get(f"{HOOKS}/{made['id']}/deliveries").json()["results"] == [body]


def test_what_is_switched_off_is_not_tested(api, made):
    change(api, made, active=False)
    assert_refused(api.post(f"{HOOKS}/{made['id']}/test"), 400, "bad_request")


def test_a_new_secret(api, made):
    response = api.post(f"{HOOKS}/{made['id']}/rotate")

    new = response.json()["secret"]
    webhook = Webhook.objects.get()
    assert response["Cache-Control"] == "no-store"
    assert (webhook.secret, webhook.former_secret) == (new, made["secret"])


def test_a_new_secret_for_jobs(api, alice):
    first = api.post(f"{HOOKS}/job-secret/rotate").json()["secret"]
    assert subscriptions.find_job_secret(alice).secret == first
    assert api.post(f"{HOOKS}/job-secret/rotate").json()["secret"] != first


def test_the_log(api, made, alice):
    job = make_job(alice)
    cancel_job(job, actor="")
    sent = claim_next()
    record(sent, outcome=Outcome(status=500, text="Oh no.", error="Answered 500."))

    (entry,) = api.get(f"{HOOKS}/{made['id']}/deliveries").json()["results"]

    assert (entry["webhook_id"], entry["job_id"], entry["url"]) == (made["id"], str(job.pk), URL)
    assert (entry["type"], entry["status"], entry["tries"]) == ("job.cancelled", "pending", 1)
    assert (entry["response_status"], entry["response_excerpt"]) == (500, "Oh no.")
    assert entry["event_id"] == sent.event_id
    assert entry["next_try_at"] > entry["last_try_at"]


def test_the_log_is_read_in_parts(api, made):
    for _ in range(3):
        api.post(f"{HOOKS}/{made['id']}/test")

    newest = [entry["id"] for entry in api.get(f"{HOOKS}/deliveries?limit=2").json()["results"]]
    assert newest == [str(row.pk) for row in WebhookDelivery.objects.order_by("-created_at")[:2]]
    for limit in ("0", "101", "x", "-1"):
        assert_refused(api.get(f"{HOOKS}/deliveries?limit={limit}"), 400, "invalid_parameter")


def test_not_too_many_tests(api, made):
    for _ in range(10):
        assert api.post(f"{HOOKS}/{made['id']}/test").status_code == 202

    response = api.post(f"{HOOKS}/{made['id']}/test")

    assert_refused(response, 429, "rate_limited")
    assert (response["Retry-After"], response["X-RateLimit-Limit"]) == ("60", "10")


def let_pass() -> None:
    WebhookDelivery.objects.update(last_try_at=Now() - timedelta(seconds=6))


def test_not_too_many_replays(api, made):
    delivery = api.post(f"{HOOKS}/{made['id']}/test").json()
    record(claim_next(), outcome=Outcome(status=200))

    assert_refused(api.post(f"{HOOKS}/deliveries/{delivery['id']}/replay"), 429, "rate_limited")
    let_pass()
    assert api.post(f"{HOOKS}/deliveries/{delivery['id']}/replay").status_code == 202


def test_a_replay(api, made):
    delivery = api.post(f"{HOOKS}/{made['id']}/test").json()
    record(claim_next(), outcome=Outcome(status=200))
    let_pass()

    response = api.post(f"{HOOKS}/deliveries/{delivery['id']}/replay")

    assert (response.status_code, response.json()["status"]) == (202, "pending")
    assert claim_next().event_id == delivery["event_id"]


def test_a_replay_of_what_is_still_tried_comes_at_once(api, made):
    delivery = api.post(f"{HOOKS}/{made['id']}/test").json()
    record(claim_next(), outcome=Outcome(status=500))
    assert claim_next() is None
    let_pass()

    api.post(f"{HOOKS}/deliveries/{delivery['id']}/replay")

    assert claim_next().number == 2


def test_what_is_not_mine_is_not_there(api, stranger, made):
    delivery = api.post(f"{HOOKS}/{made['id']}/test").json()["id"]

    for response in (
        stranger.get(f"{HOOKS}/{made['id']}"),
        stranger.delete(f"{HOOKS}/{made['id']}"),
        change(stranger, made, active=False),
        stranger.post(f"{HOOKS}/{made['id']}/test"),
        stranger.post(f"{HOOKS}/{made['id']}/rotate"),
        stranger.get(f"{HOOKS}/{made['id']}/deliveries"),
        stranger.post(f"{HOOKS}/deliveries/{delivery}/replay"),
        stranger.get(f"{HOOKS}/{uuid4()}"),
    ):
        assert_refused(response, 404, "not_found")
    assert stranger.get(HOOKS).json() == stranger.get(f"{HOOKS}/deliveries").json() == {"results": []}
    assert Webhook.objects.get().active


def test_reading_keys_change_nothing(alice, made):
    reader = Api(alice, scopes=("read",))
    assert_refused(reader.post(HOOKS, {"url": URL}), 403, "insufficient_scope")
    assert_refused(change(reader, made, active=False), 403, "insufficient_scope")
    assert reader.get(HOOKS).status_code == 200
