"""How is work called off?"""

from __future__ import annotations

import pytest

from jobs.errors import JobError
from jobs.models import Event
from jobs.services import cancel_generation, cancel_job, runs
from tests.factories import claim, finish_job, make_job

pytestmark = pytest.mark.database


def test_it_works(alice):
    job = make_job(alice, pictures=3)
    claim(job)
    job = cancel_job(job, actor="alice@example.org")
    assert (job.status, job.cancelled) == ("cancelled", 3)
    assert runs.claim_next("local", worker="w") is None
    assert Event.objects.get(kind="cancel_asked").actor == "alice@example.org"


def test_twice_does_no_harm(alice):
    job = cancel_job(make_job(alice), actor="a")
    assert cancel_job(job, actor="a").version == job.version


def test_a_job_with_a_model_ends_completed(alice):
    job = make_job(alice, pictures=2)
    generation = claim(job)
    runs.complete_generation(generation, artifacts=[])
    job = cancel_job(job, actor="a")
    assert (job.status, job.completed, job.cancelled) == ("completed", 1, 1)


def test_a_finished_job_is_refused(alice):
    with pytest.raises(JobError) as caught:
        cancel_job(finish_job(make_job(alice)), actor="a")
    assert caught.value.code == "job_finished"


def test_one_generation_alone(alice):
    job = make_job(alice, pictures=2)
    generation = cancel_generation(job.generations.first(), actor="a")
    job.refresh_from_db()
    assert (generation.status, job.status, job.queued) == ("cancelled", "processing", 1)
