"""Following what is at FAL: rows J11 and J13 of the bad inputs, positions, progress, deadlines, late results."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from jobs.models import Attempt, Generation
from jobs.services.fal import deadlines
from tests.virtual_fal.scenarios import ROWS

NO_KEY = {"kind": "answer", "status": 401, "body": {"detail": "Authorization header is required"}}

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hasty(monkeypatch):
    """FAL may take a second, not minutes."""
    monkeypatch.setattr(deadlines, "LEAST_SECONDS", 0.4)
    monkeypatch.setattr(deadlines, "TIMES_USUAL", 0)


def test_it_works(alice, scene):
    scene.make_job(alice)
    scene.fal.script({"run_seconds": 60.0, "progress": True})
    scene.send()
    scene.follow_until(lambda: Generation.objects.get().stage == "generating")
    attempt = Attempt.objects.get()
    assert attempt.running_since
    assert attempt.deadline_at > attempt.running_since
    scene.fal.skip(40)
    scene.follow_until(lambda: Generation.objects.get().progress > 40)
    scene.fal.finish(scene.fal.submits()[0]["request_id"])
    scene.follow_until_ready()
    assert Attempt.objects.get().ready_at
    assert Generation.objects.get().progress < 90


def test_the_place_in_fals_queue_is_known(alice, scene):
    scene.make_job(alice)
    scene.fal.script({"queue_position": 12_345, "queue_seconds": 30.0})
    scene.send()
    scene.follow_until(lambda: Attempt.objects.get().provider_position)
    generation = Generation.objects.get()
    assert (generation.stage, Attempt.objects.get().deadline_at) == ("in_engine_queue", None)


def test_a_request_that_fal_queues_again_is_not_held_against_it(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script({"preset": "requeued", "run_seconds": 0.6})
    assert scene.run(job).status == "completed"


@pytest.mark.parametrize("scenario", ROWS["J11"])
def test_j11_odd_answers_are_asked_again(alice, scene, scenario):
    job = scene.make_job(alice)
    scene.fal.script(scenario)
    assert scene.run(job).status == "completed"
    assert len(scene.fal.submits()) == 1


def test_j13_a_run_without_end_fails_and_is_cancelled_once(alice, scene, hasty):
    job = scene.make_job(alice)
    scene.fal.script({"forever": True, "stops_on_cancel": False})
    generation = scene.run(job)
    assert (generation.status, generation.error_code, generation.error_retryable) == (
        "failed", "provider_timeout", True,
    )  # fmt: skip
    scene.follow_until(lambda: Attempt.objects.get().cancel_sent_at)
    assert len(scene.fal.ledger(step="cancel")["requests"]) == 1
    assert Attempt.objects.at_provider().count() == 1  # it is followed for its cost, and for a late result


def test_j13_a_late_result_revives_it(alice, scene, hasty):
    job = scene.make_job(alice)
    scene.fal.script({"forever": True, "stops_on_cancel": False})
    assert scene.run(job).status == "failed"
    scene.fal.finish(scene.fal.submits()[0]["request_id"])

    def is_revived():
        scene.send()
        scene.finish()
        return Generation.objects.get().status == "completed"

    scene.follow_until(is_revived)
    generation, attempt = Generation.objects.get(), Attempt.objects.get()
    assert (generation.error_code, attempt.outcome, attempt.error_code) == ("", "completed", "")
    job.refresh_from_db()
    assert job.status == "completed"
    assert generation.artifacts.filter(role="model").count() == 1


def test_a_late_result_does_not_touch_a_newer_attempt(alice, scene, hasty):
    from jobs.services import retry_generation

    job = scene.make_job(alice)
    scene.fal.script({"forever": True, "stops_on_cancel": False}, count=1)
    generation = scene.run(job)
    retry_generation(generation, actor="alice")
    scene.fal.finish(scene.fal.submits()[0]["request_id"])
    generation = scene.run(job)
    assert (generation.status, generation.attempt) == ("completed", 2)
    assert list(Attempt.objects.order_by("number").values_list("outcome", flat=True)) == ["failed", "completed"]
    scene.follow_until(lambda: (scene.send(), not Attempt.objects.at_provider().exists())[1])
    assert Generation.objects.get().artifacts.filter(role="model").count() == 1
    assert len(scene.fal.submits()) == 2


def test_a_request_that_fal_forgot_fails_after_a_few_tries(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script({"preset": "status-404", "run_seconds": 5})
    generation = scene.run(job)
    assert (generation.error_code, generation.status) == ("provider_request_lost", "failed")
    assert len(scene.fal.ledger(step="status")["requests"]) >= 3


def test_a_wrong_key_while_following_pauses_and_loses_nothing(alice, scene):
    from jobs.models import Provider

    job = scene.make_job(alice)
    scene.send()
    scene.fal.set_weather("steps", steps=["status"], fault=NO_KEY)
    scene.follow_until(lambda: Provider.objects.get().paused_reason == "auth")
    scene.fal.clear_weather()
    assert scene.run(job).status == "completed"


def test_deadlines_adapt_to_what_was_measured(alice, scene, monkeypatch):
    assert deadlines.allow_seconds("tripo-v2.5") == deadlines.LEAST_SECONDS
    monkeypatch.setattr(deadlines, "_ENOUGH_RUNS", 1)
    monkeypatch.setattr(deadlines, "LEAST_SECONDS", 0.0)
    scene.run(scene.make_job(alice))
    cache.clear()
    attempt = Attempt.objects.get()
    measured = (attempt.ready_at - (attempt.running_since or attempt.accepted_at)).total_seconds()
    assert deadlines.allow_seconds("tripo-v2.5") == pytest.approx(3 * measured)


def test_what_nobody_waits_for_is_asked_less_and_less(alice, scene, hasty):
    from jobs.services.fal import pacing

    assert pacing.slow_down(2.0, age_seconds=0) == 2.0
    assert pacing.slow_down(2.0, age_seconds=3600) > 100
    assert pacing.slow_down(2.0, age_seconds=10**6) == pacing.UNWANTED_MOST


def test_what_fal_never_ends_is_written_off(alice, scene):
    from datetime import timedelta

    from django.db.models import F

    from jobs.models import LedgerEntry
    from jobs.services import cancel_job
    from jobs.services.sweep import sweep

    job = scene.make_job(alice)
    scene.fal.script({"forever": True, "stops_on_cancel": False})
    scene.send()
    cancel_job(job, actor="alice")
    Attempt.objects.update(accepted_at=F("accepted_at") - timedelta(days=4))
    sweep()
    assert Attempt.objects.get().settled_at
    assert LedgerEntry.objects.get().state == "actual"


def test_what_does_not_stop_gives_its_place_away(alice, scene, settings):
    from datetime import timedelta

    from django.db.models import F

    from jobs.services import cancel_job

    settings.FAL_CONCURRENCY = 1
    first = scene.make_job(alice)
    scene.fal.script({"forever": True, "stops_on_cancel": False}, count=1)
    scene.send()
    cancel_job(first, actor="alice")
    scene.make_job(alice, first=5)
    scene.send()
    assert len(scene.fal.submits()) == 1
    Attempt.objects.update(cancel_asked_at=F("cancel_asked_at") - timedelta(minutes=11))
    scene.send()
    assert len(scene.fal.submits()) == 2


def test_a_failure_only_makes_it_begin_anew(scene, monkeypatch):
    import asyncio
    import threading

    from jobs.fal import watching

    over, tries = threading.Event(), []

    async def fail_once(client, rows, over):
        tries.append(client)
        if len(tries) == 1:
            raise RuntimeError("the database is away")
        over.set()

    monkeypatch.setattr(watching, "_follow", fail_once)
    monkeypatch.setattr(watching, "PAUSE_SECONDS", 0.01)
    asyncio.run(watching.follow(over))
    assert len(tries) == 2
