"""How does work run again?"""

from __future__ import annotations

import pytest

from jobs.errors import JobError
from jobs.models import Job
from jobs.services import cancel_job, retry_generation, retry_job, runs
from jobs.services.runs import Failure
from tests.factories import claim, finish_job, make_job

pytestmark = pytest.mark.database


def fail_one(job):
    generation = claim(job)
    runs.fail_generation(generation, failure=Failure(code="timeout", message="late", retryable=True))
    return generation


def test_it_works(alice):
    job = make_job(alice, pictures=2)
    fail_one(job)
    done = claim(job)
    runs.complete_generation(done, artifacts=[])
    ids = (job.pk, job.task_id)
    job = retry_job(Job.objects.get(), actor="a")
    assert (job.status, job.queued, job.completed, job.run) == ("processing", 1, 1, 2)
    assert (job.pk, job.task_id) == ids
    assert (job.finished_at, job.progress) == (None, 50)
    again = claim(job)
    assert (again.attempt, again.error_code) == (2, "")


def test_a_cancelled_job_can_run_again_and_fail(alice):
    job = retry_job(cancel_job(make_job(alice), actor="a"), actor="a")
    assert job.status == "queued"
    fail_one(job)
    assert Job.objects.get().status == "failed"


def test_a_running_job_is_refused(alice):
    with pytest.raises(JobError) as caught:
        retry_job(make_job(alice), actor="a")
    assert caught.value.code == "job_active"


def test_a_complete_job_is_left_alone(alice):
    job = finish_job(make_job(alice))
    assert retry_job(job, actor="a").version == job.version


def test_one_generation_while_others_run(alice):
    job = make_job(alice, pictures=2)
    failed = fail_one(job)
    generation = retry_generation(failed, actor="a")
    assert generation.status == "queued"
    with pytest.raises(JobError):
        retry_generation(generation, actor="a")
