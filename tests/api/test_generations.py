"""GET /api/v1/generations/{id}, POST …/cancel, …/retry and …/formats"""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import User
from jobs.models import Conversion, Generation, Job
from jobs.services import runs
from jobs.services.runs import Failure
from tests.api.client import Api, assert_refused
from tests.factories import claim, finish_job, make_job

pytestmark = pytest.mark.django_db


def only(job: Job) -> Generation:
    return job.generations.get()


def test_it_works(api: Api, alice: User) -> None:
    generation = only(finish_job(make_job(alice)))

    body = api.get(f"/api/v1/generations/{generation.pk}").json()

    assert body["id"] == str(generation.pk)
    assert body["job_id"] == str(generation.job_id)
    assert body["status"] == "completed"
    assert body["attempt"] == 1
    assert [file["role"] for file in body["files"]] == ["model", "preview"]
    assert body["conversions"] == []


def test_it_tells_when_to_ask_again(api: Api, alice: User) -> None:
    response = api.get(f"/api/v1/generations/{only(make_job(alice)).pk}")

    assert int(response["Retry-After"]) >= 1
    assert response.json()["queue_position"] == 0


def test_it_cancels_and_retries(api: Api, alice: User) -> None:
    address = f"/api/v1/generations/{only(make_job(alice)).pk}"

    assert api.post(f"{address}/cancel").json()["status"] == "cancelled"
    assert api.post(f"{address}/cancel").json()["status"] == "cancelled"
    assert api.post(f"{address}/retry").json()["status"] == "queued"
    assert_refused(api.post(f"{address}/retry"), 409, "job_active")


def test_it_cannot_cancel_what_is_over(api: Api, alice: User) -> None:
    generation = only(finish_job(make_job(alice)))

    assert_refused(api.post(f"/api/v1/generations/{generation.pk}/cancel"), 409, "job_finished")


def test_it_asks_for_formats(api: Api, alice: User) -> None:
    generation = only(finish_job(make_job(alice)))

    response = api.post(
        f"/api/v1/generations/{generation.pk}/formats", {"formats": ["stl", "obj"], "longest_edge_mm": 50}
    )

    assert response.status_code == 202
    wanted = [{"format": name, "status": "queued", "error": None} for name in ("obj", "stl")]
    assert response.json()["conversions"] == wanted
    assert Conversion.objects.get(format="stl").options == {"longest_edge_mm": 50.0}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_parameter"),
        ({"formats": []}, "invalid_parameter"),
        ({"formats": ["fbx"]}, "invalid_parameter"),
        ({"formats": ["stl"], "longest_edge_mm": 0}, "invalid_parameter"),
        ({"formats": ["stl"], "longest_edge_mm": "50"}, "invalid_parameter"),
        ({"formats": ["stl"], "longest_edge_mm": True}, "invalid_parameter"),
        ({"formats": ["stl"], "longest_edge_mm": 10_001}, "invalid_parameter"),
        ({"formats": ["obj"], "longest_edge_mm": 50}, "invalid_parameter"),
        ({"formats": ["obj"], "edge": 50}, "unknown_parameter"),
    ],
    ids=str,
)
def test_it_refuses_bad_formats(api: Api, alice: User, body, code: str) -> None:
    generation = only(finish_job(make_job(alice)))

    assert_refused(api.post(f"/api/v1/generations/{generation.pk}/formats", body), 400, code)
    assert not Conversion.objects.exists()


def test_it_has_no_formats_of_what_is_not_there(api: Api, alice: User) -> None:
    waiting, failed = make_job(alice), make_job(alice, first=5)
    address = "/api/v1/generations/{}/formats"
    assert_refused(api.post(address.format(only(waiting).pk), {"formats": ["stl"]}), 409, "generation_not_finished")

    claim(waiting)
    runs.fail_generation(claim(failed), failure=Failure(code="timeout", message="Too long."))
    assert_refused(api.post(address.format(only(failed).pk), {"formats": ["stl"]}), 409, "generation_failed")


@pytest.mark.parametrize(
    ("method", "address"), [("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("POST", "/formats")]
)
def test_e01_a_foreign_generation_is_as_unknown_as_any_other(api: Api, bob: User, method: str, address: str) -> None:
    foreign = only(make_job(bob))

    answers = [
        assert_refused(api.call(method, f"/api/v1/generations/{pk}{address}"), 404, "not_found")
        for pk in (foreign.pk, uuid4())
    ]

    assert answers[0]["message"] == answers[1]["message"]
    assert_refused(api.call(method, f"/api/v1/generations/x{address}"), 400, "invalid_id")


def test_d01_it_refuses_nobody(nobody: Api, alice: User) -> None:
    assert_refused(nobody.get(f"/api/v1/generations/{only(make_job(alice)).pk}"), 401, "not_authenticated")
