"""POST /api/v1/upload with an Idempotency-Key: one job, however often it is sent"""

from __future__ import annotations

import pytest

from jobs.models import IdempotencyKey, Job
from tests.api.client import Api, assert_nothing_kept, assert_refused
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/upload"


def test_it_answers_the_same_job_again(api: Api) -> None:
    parts = [("files", "a.png", make_picture()), ("face_limit", None, b"5000")]

    first = api.send(UPLOAD, *parts, headers={"Idempotency-Key": "k1"})
    again = api.send(UPLOAD, *parts, headers={"Idempotency-Key": "k1"})

    assert first.json()["job_id"] == again.json()["job_id"]
    assert first.json()["uploaded_files"] == again.json()["uploaded_files"]
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    "parts",
    [
        [("files", "a.png", make_picture(1))],
        [("files", "a.png", make_picture()), ("face_limit", None, b"5000")],
        [("files", "a.png", make_picture()), ("files", "b.png", make_picture())],
    ],
    ids=["file", "parameter", "number"],
)
def test_f08_it_refuses_a_key_used_for_something_else(api: Api, parts) -> None:
    api.send(UPLOAD, ("files", "a.png", make_picture()), headers={"Idempotency-Key": "k1"})

    assert_refused(api.send(UPLOAD, *parts, headers={"Idempotency-Key": "k1"}), 409, "idempotency_key_reused")
    assert Job.objects.count() == 1


@pytest.mark.parametrize("key", ["k" * 256, "a\x01b", "", "schlüssel"])
def test_f10_it_refuses_a_bad_key(api: Api, key: str) -> None:
    response = api.send(UPLOAD, ("files", "a.png", make_picture()), headers={"Idempotency-Key": key})

    assert_refused(response, 400, "invalid_idempotency_key")
    assert_nothing_kept()


def test_f12_a_refused_request_does_not_use_up_its_key(api: Api) -> None:
    bad = api.send(UPLOAD, ("files", "a.png", b"no picture"), headers={"Idempotency-Key": "k1"})
    good = api.send(UPLOAD, ("files", "a.png", make_picture()), headers={"Idempotency-Key": "k1"})

    assert (bad.status_code, good.status_code) == (400, 200)
    assert IdempotencyKey.objects.count() == 1


def test_keys_of_two_users_do_not_meet(api: Api, stranger: Api) -> None:
    for caller in (api, stranger):
        caller.send(UPLOAD, ("files", "a.png", make_picture()), headers={"Idempotency-Key": "k1"})

    assert Job.objects.count() == 2
