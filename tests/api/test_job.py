"""GET and DELETE /api/v1/jobs/{id}, POST …/cancel and …/retry"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.access import make_access_token
from accounts.models import User
from jobs.models import Job
from jobs.services import runs
from jobs.services.runs import Failure
from tests.api.client import Api, assert_refused
from tests.factories import claim, finish_job, make_job

pytestmark = pytest.mark.django_db


def test_it_works(api: Api, alice: User) -> None:
    job = make_job(alice, pictures=2)
    finish_job(job)

    response = api.get(f"/api/v1/jobs/{job.pk}")

    body = response.json()
    assert response.status_code == 200
    assert "Retry-After" not in response
    assert body["id"] == body["job_id"] == str(job.pk)
    assert body["task_id"] == str(job.task_id)
    assert (body["status"], body["stage"], body["progress"]) == ("completed", "done", 100)
    assert body["engine"] == {"id": "local", "name": "Local relief"}
    assert (body["cost"]["estimated"], body["cost"]["currency"]) == ("0.00", "USD")
    assert body["error"] is None
    assert body["created_at"].endswith("Z")
    assert body["urls"] == {
        "self": f"http://testserver/api/v1/jobs/{job.pk}",
        "stream": f"http://testserver/api/v1/jobs/{job.pk}/events",
        "page": f"http://testserver/jobs/{job.pk}/",
        "cancel": f"http://testserver/api/v1/jobs/{job.pk}/cancel",
        "download": f"http://testserver/api/v1/jobs/{job.pk}/download.zip",
    }
    generation = body["generations"][0]
    model, preview = generation["files"]
    assert (model["role"], model["format"], model["faces"], model["watertight"]) == ("model", "glb", 12, True)
    assert model["bounds"]["size"] == [1.0, 1.0, 1.0]
    assert model["url"] == f"http://testserver/api/v1/download/{job.pk}/{model['filename']}"
    assert generation["preview_url"] == preview["url"] == body["preview_url"]
    assert generation["image"]["thumbnail_url"].endswith("/thumbnail")
    assert api.get(model["url"]).status_code == 200
    assert api.get(generation["image"]["thumbnail_url"]).status_code == 200


def test_it_tells_when_to_ask_again(api: Api, alice: User) -> None:
    response = api.get(f"/api/v1/jobs/{make_job(alice).pk}/")

    body = response.json()
    assert 1 <= int(response["Retry-After"]) <= 60
    assert body["queue_position"] == 0
    assert body["eta_seconds"] > 0
    assert body["waiting_reason"] == "queue"
    assert body["preview_url"] is None


def test_it_tells_when_it_will_be_removed(api: Api, alice: User, settings) -> None:
    settings.RETENTION_DAYS = 30
    over, queued = finish_job(make_job(alice)), make_job(alice, first=1)

    told = datetime.fromisoformat(api.get(f"/api/v1/jobs/{over.pk}").json()["expires_at"])

    assert told == over.finished_at + timedelta(days=30)
    assert api.get(f"/api/v1/jobs/{queued.pk}").json()["expires_at"] is None
    settings.RETENTION_DAYS = None
    assert api.get(f"/api/v1/jobs/{over.pk}").json()["expires_at"] is None


def test_it_takes_few_queries(api: Api, alice: User, django_assert_max_num_queries) -> None:
    job = make_job(alice, pictures=6)
    api.get(f"/api/v1/jobs/{job.pk}")

    with django_assert_max_num_queries(3):  # key, job with generations and pictures, places in the queue
        api.get(f"/api/v1/jobs/{job.pk}")


def test_it_tells_what_went_wrong(api: Api, alice: User) -> None:
    job = make_job(alice)
    failure = Failure(code="no_object", message="No object was found.", hint="Use a plain ground.", retryable=False)
    runs.fail_generation(claim(job), failure=failure)

    body = api.get(f"/api/v1/jobs/{job.pk}").json()

    assert body["status"] == "failed"
    assert (
        body["generations"][0]["error"]
        == body["error"]
        == {
            "code": "no_object",
            "message": "No object was found.",
            "hint": "Use a plain ground.",
            "retryable": False,
        }
    )


@pytest.mark.parametrize("address", ["", "/cancel", "/retry", "/download.zip"])
@pytest.mark.parametrize("bad", ["1", "not-an-id", "{00000000-0000-0000-0000-000000000000}", "0" * 32])
def test_it_refuses_what_is_no_id(api: Api, address: str, bad: str) -> None:
    method = "POST" if address in ("/cancel", "/retry") else "GET"

    assert_refused(api.call(method, f"/api/v1/jobs/{bad}{address}"), 400, "invalid_id")


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/retry"), ("GET", "/download.zip")],
)
def test_e01_a_foreign_job_is_as_unknown_as_any_other(
    api: Api, bob: User, alice: User, method: str, address: str
) -> None:
    foreign = make_job(bob)
    alice.is_staff = alice.is_superuser = True
    alice.save()

    answers = [
        assert_refused(api.call(method, f"/api/v1/jobs/{job_id}{address}"), 404, "not_found")
        for job_id in (foreign.pk, uuid4())
    ]

    for answer in answers:
        answer.pop("request_id")
    assert answers[0] == answers[1]
    assert Job.objects.get(pk=foreign.pk).status == "queued"


def test_it_deletes(api: Api, alice: User) -> None:
    job = finish_job(make_job(alice))

    response = api.delete(f"/api/v1/jobs/{job.pk}")

    assert response.status_code == 204
    assert response.content == b""
    assert not Job.objects.filter(pk=job.pk).exists()
    assert_refused(api.get(f"/api/v1/jobs/{job.pk}"), 404, "not_found")
    assert_refused(api.delete(f"/api/v1/jobs/{job.pk}"), 404, "not_found")


def test_d13_no_other_method_deletes(api: Api, alice: User) -> None:
    job = make_job(alice)
    address = f"/api/v1/jobs/{job.pk}"

    overridden = api.get(address, headers={"X-HTTP-Method-Override": "DELETE"})
    posted = api.call("POST", address, data=b"_method=DELETE", CONTENT_TYPE="application/x-www-form-urlencoded")

    assert overridden.status_code == 200
    assert_refused(posted, 405, "method_not_allowed")
    assert posted["Allow"] == "GET, DELETE, HEAD, OPTIONS"
    assert Job.objects.filter(pk=job.pk).exists()


def test_e09_it_cancels_once_or_twice(api: Api, alice: User) -> None:
    job = make_job(alice, pictures=2)

    first, second = (api.post(f"/api/v1/jobs/{job.pk}/cancel") for _ in range(2))

    assert first.json()["status"] == second.json()["status"] == "cancelled"
    assert (first.status_code, second.status_code) == (200, 200)


def test_e09_it_cannot_cancel_what_is_over(api: Api, alice: User) -> None:
    job = finish_job(make_job(alice))

    assert_refused(api.post(f"/api/v1/jobs/{job.pk}/cancel"), 409, "job_finished")


def test_it_retries(api: Api, alice: User) -> None:
    job = make_job(alice)
    runs.fail_generation(claim(job), failure=Failure(code="timeout", message="Too long.", retryable=True))

    response = api.post(f"/api/v1/jobs/{job.pk}/retry", {})

    assert response.status_code == 200
    assert response.json()["status"] == "queued"
    assert response.json()["attempt"] == 2


def test_it_cannot_retry_what_runs(api: Api, alice: User) -> None:
    assert_refused(api.post(f"/api/v1/jobs/{make_job(alice).pk}/retry"), 409, "job_active")


def test_f02_it_refuses_unknown_fields(api: Api, alice: User) -> None:
    job = make_job(alice)

    assert_refused(api.post(f"/api/v1/jobs/{job.pk}/cancel", {"force": True}), 400, "unknown_parameter")
    assert Job.objects.get().status == "queued"


def test_a_link_shows_one_job_and_nothing_else(nobody: Api, alice: User) -> None:
    job, other = make_job(alice), make_job(alice, first=5)
    token = make_access_token(alice.pk, job.pk, seconds=60)

    assert nobody.get(f"/api/v1/jobs/{job.pk}?access={token}").status_code == 200
    assert_refused(nobody.get(f"/api/v1/jobs/{other.pk}?access={token}"), 401, "invalid_api_key")
    assert_refused(nobody.get(f"/api/v1/jobs?access={token}"), 401, "not_authenticated")
    assert_refused(nobody.delete(f"/api/v1/jobs/{job.pk}?access={token}"), 401, "not_authenticated")
    assert_refused(nobody.post(f"/api/v1/jobs/{job.pk}/cancel?access={token}"), 401, "not_authenticated")
    assert_refused(nobody.get(f"/api/v1/jobs/{job.pk}?access=x{token}"), 401, "invalid_api_key")


def test_an_old_link_shows_nothing(nobody: Api, alice: User) -> None:
    job = make_job(alice)
    token = make_access_token(alice.pk, job.pk, seconds=-1)

    assert_refused(nobody.get(f"/api/v1/jobs/{job.pk}?access={token}"), 401, "invalid_api_key")


def test_a_key_that_ended_is_refused(api: Api, alice: User) -> None:
    alice.api_keys.update(revoked_at=timezone.now())

    assert_refused(api.get(f"/api/v1/jobs/{make_job(alice).pk}"), 401, "invalid_api_key")
