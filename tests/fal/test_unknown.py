"""A submission whose outcome nobody knows: found in FAL's history, decided by a person, never sent again by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from jobs.errors import JobError
from jobs.models import Attempt, Event, Generation
from jobs.services import requeue_generation
from jobs.services.fal import unknown
from jobs.services.sweep import sweep

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lost(alice, scene):
    """FAL took it, and its answer was lost; its history is silent."""
    scene.make_job(alice)
    scene.fal.script({"preset": "submit-reset-created", "in_history": False}, count=1)
    scene.send()
    return scene


def make_older(seconds: float) -> None:
    Attempt.objects.update(sent_at=F("sent_at") - timedelta(seconds=seconds))


def test_it_works(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script("submit-reset-created")
    scene.send()
    assert Generation.objects.get().stage == "submit_unknown"
    generation = scene.run(job)
    assert (generation.status, generation.attempt) == ("completed", 1)
    assert len(scene.fal.submits()) == 1
    assert Event.objects.filter(kind="found_at_fal").exists()


def test_it_is_never_sent_again_by_itself(lost):
    make_older(86_400)
    sweep()
    lost.send()
    assert len(lost.fal.submits()) == 1
    generation = Generation.objects.get()
    assert (generation.status, generation.stage, generation.waiting_reason) == (
        "processing", "submit_unknown", "needs_decision",
    )  # fmt: skip
    assert Event.objects.filter(kind="needs_decision").count() == 1


def test_nobody_can_queue_it_again_by_accident(lost):
    with pytest.raises(JobError, match="may have been paid"):
        requeue_generation(Generation.objects.get(), actor="staff")


def test_a_person_knows_its_id(lost):
    request_id = lost.fal.submits()[0]["request_id"]
    assert unknown.adopt(Attempt.objects.get(), request_id=request_id, actor="staff")
    generation = lost.run(Generation.objects.get().job)
    assert (generation.status, len(lost.fal.submits())) == ("completed", 1)
    assert Event.objects.get(kind="found_at_fal").actor == "staff"


def test_a_person_sends_it_again_and_accepts_the_cost(lost):
    unknown.send_again(Attempt.objects.get(), actor="staff")
    generation = lost.run(Generation.objects.get().job)
    assert (generation.status, generation.attempt, len(lost.fal.submits())) == ("completed", 2, 2)
    with pytest.raises(JobError):
        unknown.send_again(Attempt.objects.order_by("pk")[0], actor="staff")


def test_a_person_gives_it_up(lost):
    unknown.give_up_unknown(Attempt.objects.get(), actor="staff")
    generation = Generation.objects.get()
    assert (generation.status, generation.error_code) == ("failed", "provider_outcome_unknown")


def test_what_was_given_up_may_still_be_found(lost):
    unknown.give_up_unknown(Attempt.objects.get(), actor="staff")
    unknown.adopt(Attempt.objects.get(), request_id=lost.fal.submits()[0]["request_id"])

    def is_delivered():
        lost.send()
        lost.finish()
        return Generation.objects.get().status == "completed"

    lost.follow_until(is_delivered)


def test_the_operator_may_have_it_sent_again(lost, settings):
    settings.FAL_RESUBMIT_UNKNOWN_AFTER = 1800
    sweep()
    assert Attempt.objects.count() == 1
    make_older(1801)
    sweep()
    assert Generation.objects.get().status == "queued"
    generation = lost.run(Generation.objects.get().job)
    assert (generation.status, len(lost.fal.submits())) == ("completed", 2)


def test_an_id_of_another_attempt_is_refused(alice, lost):
    other = lost.make_job(alice, first=5)
    lost.run(other)
    taken = Attempt.objects.get(generation__job=other).request_id
    with pytest.raises(JobError, match="belongs to another attempt"):
        unknown.adopt(Attempt.objects.get(submission="unknown"), request_id=taken)


def test_a_sender_that_died_leaves_an_unknown_outcome(alice, scene):
    from jobs.services.fal import dispatch, submission

    scene.make_job(alice)
    [attempt] = dispatch.claim_for_sending("dead-worker", at_most=1)
    generation = attempt.generation
    submission.begin_sending([submission.Parcel(attempt_id=attempt.pk, arguments={}, input_urls=["https://x.invalid"])])
    sweep()
    assert Attempt.objects.get().submission == "sending"  # its lease still lives
    Generation.objects.update(lease_until=Now() - timedelta(seconds=1))
    sweep()
    generation.refresh_from_db()
    assert (Attempt.objects.get().submission, generation.stage, generation.status) == (
        "unknown", "submit_unknown", "processing",
    )  # fmt: skip


def test_a_sender_that_died_before_sending_is_replaced(alice, scene):
    from jobs.services.fal import dispatch

    job = scene.make_job(alice)
    dispatch.claim_for_sending("dead-worker", at_most=1)
    Generation.objects.update(lease_until=Now() - timedelta(seconds=1))
    sweep()
    assert Generation.objects.get().status == "queued"
    generation = scene.run(job)
    assert (generation.status, generation.attempt, len(scene.fal.submits())) == ("completed", 2, 1)


def test_the_sweep_leaves_what_fal_has(alice, scene):
    scene.make_job(alice)
    scene.send()
    Generation.objects.update(lease_until=Now() - timedelta(seconds=1))
    sweep()
    generation = Generation.objects.get()
    assert (generation.status, generation.attempt, generation.lease_until) == ("processing", 1, None)
