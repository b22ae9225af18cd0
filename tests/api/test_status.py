"""GET /api/v1/status/tasks/{task_id}/status and /api/v1/status/jobs/{job_id}/progress"""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import User
from jobs.services import runs
from jobs.services.runs import Failure
from tests.api.client import Api, assert_refused
from tests.factories import claim, finish_job, make_job

pytestmark = pytest.mark.django_db


def test_it_works(api: Api, alice: User) -> None:
    job = make_job(alice, pictures=2)

    body = api.get(f"/api/v1/status/tasks/{job.task_id}/status").json()

    assert body.pop("timestamp") > 1_700_000_000_000
    assert body == {
        "status": "queued",
        "progress": 0,
        "message": "2 pictures waiting.",
        "task_id": str(job.task_id),
        "job_id": str(job.pk),
        "total_files": 2,
        "current": 0,
        "result": None,
        "error": None,
    }


def test_it_has_a_result_at_the_end(api: Api, alice: User) -> None:
    job = finish_job(make_job(alice))

    body = api.get(f"/api/v1/status/tasks/{job.task_id}/status/").json()

    assert body["status"] == "completed"
    assert body["result"] == {"job_id": str(job.pk), "total_files": 1, "successful_files": 1, "failed_files": 0}


def test_it_says_what_went_wrong(api: Api, alice: User) -> None:
    job = make_job(alice)
    runs.fail_generation(claim(job), failure=Failure(code="timeout", message="Too long."))

    assert api.get(f"/api/v1/status/tasks/{job.task_id}/status").json()["error"] == "Too long."


def test_it_refuses_what_is_no_task_id(api: Api) -> None:
    body = assert_refused(api.get("/api/v1/status/tasks/5/status"), 400, "invalid_id")

    assert body["message"] == "Invalid task ID format"


def test_e01_it_finds_no_task_of_others(api: Api, bob: User) -> None:
    for task_id in (make_job(bob).task_id, uuid4()):
        assert_refused(api.get(f"/api/v1/status/tasks/{task_id}/status"), 404, "not_found")


def test_progress_names_each_picture(api: Api, alice: User) -> None:
    job = make_job(alice, pictures=2)
    runs.record_progress(generation := claim(job), stage="generating", percent=50)

    body = api.get(f"/api/v1/status/jobs/{job.pk}/progress").json()

    assert body["overall_progress"] == 25
    assert (body["total_files"], body["completed_files"], body["failed_files"]) == (2, 0, 0)
    assert body["files"][str(generation.pk)] == {
        "filename": "picture-0.png",
        "status": "processing",
        "progress": 50,
        "error": None,
    }


def test_e01_progress_of_others_is_not_there(api: Api, bob: User) -> None:
    assert_refused(api.get(f"/api/v1/status/jobs/{make_job(bob).pk}/progress"), 404, "not_found")
    assert_refused(api.get("/api/v1/status/jobs/x/progress"), 400, "invalid_id")
