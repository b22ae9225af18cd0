"""Cancelling reaches FAL, and the request is followed for what it really cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from jobs.models import Artifact, Attempt, Generation, LedgerEntry
from jobs.services import cancel_generation, cancel_job, delete_generation, delete_job, retry_job

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def settle(scene) -> None:
    scene.follow_until(lambda: (scene.send(), not Attempt.objects.filter(settled_at=None).exists())[1])


def test_it_works(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script({"queue_seconds": 60.0})
    scene.send()
    cancel_job(job, actor="alice")
    assert Generation.objects.get().status == "cancelled"
    settle(scene)
    assert len(scene.fal.ledger(step="cancel")["requests"]) == 1
    assert scene.fal.submits()[0]["cancel_asked"]
    generation, attempt = Generation.objects.get(), Attempt.objects.get()
    assert (generation.status, attempt.outcome, attempt.cost) == ("cancelled", "cancelled", Decimal(0))
    assert LedgerEntry.objects.get().state == "released"


def test_a_model_that_runs_on_is_paid_and_not_delivered(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script({"run_seconds": 60.0, "stops_on_cancel": False})
    scene.send()
    scene.follow_until(lambda: Generation.objects.get().stage == "generating")
    cancel_generation(Generation.objects.get(), actor="alice")
    scene.follow_until(lambda: Attempt.objects.get().cancel_sent_at)
    scene.fal.finish(scene.fal.submits()[0]["request_id"])
    settle(scene)
    generation = Generation.objects.get()
    assert (generation.status, generation.cost_actual) == ("cancelled", Decimal("0.30"))
    assert LedgerEntry.objects.get().state == "actual"
    assert not Artifact.objects.exists()
    job.refresh_from_db()
    assert job.status == "cancelled"


def test_a_cancelled_submission_of_unknown_outcome(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script("submit-reset-created")
    scene.send()
    cancel_job(job, actor="alice")
    settle(scene)
    assert (Attempt.objects.get().submission, Generation.objects.get().status) == ("accepted", "cancelled")


def test_run_again_after_cancelling(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script({"queue_seconds": 60.0}, count=1)
    scene.send()
    cancel_job(job, actor="alice")
    retry_job(job, actor="alice")
    assert scene.run(job).status == "completed"
    assert len(scene.fal.submits()) == 2


def test_deleting_a_job_cancels_it_at_fal_first(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script({"queue_seconds": 60.0})
    scene.send()
    delete_job(job, actor="alice")
    scene.follow_until(lambda: (scene.send(), not Generation.objects.exists())[1])
    assert len(scene.fal.ledger(step="cancel")["requests"]) == 1
    assert LedgerEntry.objects.get().state == "released"


def test_deleting_one_of_several_cancels_it_at_fal_first(alice, scene):
    job = scene.make_job(alice, pictures=2)
    scene.fal.script({"queue_seconds": 60.0})
    scene.send()
    delete_generation(job.generations.all()[0], actor="alice")
    assert job.generations.filter(status="processing").count() == 1
    scene.follow_until(lambda: (scene.send(), Generation.objects.count() == 1)[1])
    assert len(scene.fal.ledger(step="cancel")["requests"]) == 1
