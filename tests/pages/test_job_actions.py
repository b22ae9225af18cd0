"""Cancel, retry and delete, of a job and of one generation: as plain forms, told in a message."""

from __future__ import annotations

import pytest

from jobs.models import Generation, Job
from jobs.services import runs
from jobs.states import Status
from tests.factories import claim, finish_job, make_job
from tests.pages.answers import leads_to_login, read, read_messages


@pytest.fixture
def job(alice) -> Job:
    return make_job(alice, names=["mug.png", "vase.png"])


def fail_one(job: Job) -> Generation:
    generation = claim(job)
    runs.fail_generation(generation, failure=runs.Failure(code="no_object", message="No object was found."))
    return generation


def test_cancel_a_job(as_alice, job):
    response = as_alice.post(f"/jobs/{job.pk}/cancel/")
    job.refresh_from_db()
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert job.status == Status.CANCELLED
    assert "Cancelled" in read_messages(response)


def test_cancel_a_finished_job_is_explained(as_alice, job):
    finish_job(job)
    response = as_alice.post(f"/jobs/{job.pk}/cancel/")
    assert "nothing to cancel" in read_messages(response)


def test_retry_what_failed(as_alice, job):
    failed = fail_one(job)
    finish_job(Job.objects.get(pk=job.pk))
    as_alice.post(f"/jobs/{job.pk}/retry/")
    failed.refresh_from_db()
    assert failed.status == Status.QUEUED
    assert job.generations.filter(status=Status.COMPLETED).count() == 1


def test_retry_a_running_job_is_explained(as_alice, job):
    assert "still running" in read_messages(as_alice.post(f"/jobs/{job.pk}/retry/"))


def test_cancel_and_retry_one(as_alice, job):
    generation = job.generations.first()
    response = as_alice.post(f"/generations/{generation.pk}/cancel/")
    generation.refresh_from_db()
    assert generation.status == Status.CANCELLED
    assert response["Location"] == f"/jobs/{job.pk}/#g-{generation.pk}"
    as_alice.post(f"/generations/{generation.pk}/retry/")
    generation.refresh_from_db()
    assert generation.status == Status.QUEUED


def test_delete_a_job_asks_first(as_alice, job):
    page = read(as_alice.get(f"/jobs/{job.pk}/delete/"))
    assert "Delete this job?" in page
    assert Job.objects.filter(pk=job.pk).exists()
    response = as_alice.post(f"/jobs/{job.pk}/delete/")
    assert response["Location"] == "/models/?tab=jobs"
    assert not Job.objects.filter(pk=job.pk).exists()


def test_delete_one_asks_first(as_alice, job):
    finish_job(job)
    generation = job.generations.get(name="mug")
    assert "mug" in read(as_alice.get(f"/generations/{generation.pk}/delete/"))
    response = as_alice.post(f"/generations/{generation.pk}/delete/")
    assert response["Location"] == "/models/"
    assert [entry.name for entry in job.generations.all()] == ["vase"]


@pytest.mark.parametrize("verb", ["cancel", "retry", "delete"])
def test_a_stranger_finds_nothing(as_bob, job, verb):
    assert as_bob.post(f"/jobs/{job.pk}/{verb}/").status_code == 404
    assert as_bob.post(f"/generations/{job.generations.first().pk}/{verb}/").status_code == 404
    job.refresh_from_db()
    assert job.status == Status.QUEUED


@pytest.mark.parametrize("verb", ["cancel", "retry", "delete"])
def test_a_visitor_is_sent_to_the_login(as_nobody, job, verb):
    assert leads_to_login(as_nobody.post(f"/jobs/{job.pk}/{verb}/"))


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_link_changes_nothing(as_alice, job, verb):
    assert as_alice.get(f"/jobs/{job.pk}/{verb}/").status_code == 405
