"""Do the frames of streams have the shape that the OpenAPI document gives them?"""

from __future__ import annotations

import pytest

from accounts.models import User
from jobs import events
from jobs.models import Job
from jobs.services import cancel_job, runs
from tests.api.document import read_document, validate
from tests.factories import claim, finish_job, make_job

pytestmark = pytest.mark.django_db

PROGRESS = {"$ref": "#/components/schemas/Progress"}


def fail(job: Job) -> Job:
    failure = runs.Failure(code="no_object", message="There is nothing on it.", hint="Take another picture.")
    runs.fail_generation(claim(job), failure=failure)
    return job


def start(job: Job) -> Job:
    claim(job)
    return job


def cancel(job: Job) -> Job:
    cancel_job(job, actor="tests")
    return job


@pytest.mark.parametrize("bring", [lambda job: job, start, finish_job, fail, cancel])
def test_it_works(alice: User, bring) -> None:
    job = bring(make_job(alice))
    job.refresh_from_db()

    snapshot = events.build_snapshot(job)

    validate(snapshot, PROGRESS)
    shape = read_document()["components"]["schemas"]["Progress"]
    assert set(snapshot) <= set(shape["properties"])
    assert set(snapshot["generations"][0]) <= set(shape["properties"]["generations"]["items"]["properties"])
    assert ("summary" in snapshot) == (job.status in ("completed", "failed", "cancelled"))


def test_every_event_is_told() -> None:
    told = read_document()["components"]["schemas"]["Frame"]["properties"]["event"]["enum"]

    assert told == [
        "task_queued", "task_progress", "task_retry", "task_completed", "task_failed", "task_cancelled",
        "connection_timeout", "error",
    ]  # fmt: skip
