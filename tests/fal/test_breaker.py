"""Row J25: all of FAL is away for a while. A breaker opens, few probes are sent, everything finishes afterwards."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from jobs.models import Attempt, Generation, Provider
from jobs.services.fal import breaker, provider
from jobs.services.sweep import sweep

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def state() -> Provider:
    return Provider.objects.get(name="fal")


def fail(times: int) -> None:
    for _ in range(times):
        breaker.note_failure()


def test_it_works(db):
    provider.find_provider()
    fail(4)
    assert state().breaker == "closed"
    fail(1)
    assert (state().breaker, bool(state().opened_at), bool(state().next_probe_at)) == ("open", True, True)


def test_old_failures_are_forgotten(db):
    from datetime import timedelta

    provider.find_provider()
    fail(4)
    Provider.objects.update(window_started_at=Now() - timedelta(seconds=61))
    fail(1)
    assert (state().breaker, state().failures) == ("closed", 1)


def test_a_success_closes_it(db):
    provider.find_provider()
    fail(5)
    breaker.note_success()
    assert (state().breaker, state().failures, state().opened_at) == ("closed", 0, None)


def test_one_process_probes_in_each_while(db):
    provider.find_provider()
    fail(5)
    assert not breaker.begin_probe()
    Provider.objects.update(next_probe_at=Now())
    assert [breaker.begin_probe(), breaker.begin_probe()] == [True, False]


def test_half_open_lets_one_try_and_a_failure_opens_again(alice, scene):
    scene.make_job(alice, pictures=3)
    fail(5)
    breaker.end_probe()
    assert state().breaker == "half_open"
    scene.fal.set_weather("refuse")
    scene.send()
    assert Attempt.objects.count() == 1
    assert state().breaker == "open"
    scene.fal.clear_weather()


def test_half_open_and_well_again(alice, scene):
    job = scene.make_job(alice, pictures=3)
    fail(5)
    breaker.end_probe()
    scene.run(job)
    assert (state().breaker, len(scene.fal.submits())) == ("closed", 3)


def test_a_person_may_reset_it(db):
    provider.find_provider()
    breaker.pause("locked", message="The FAL account is locked.")
    fail(5)
    breaker.reset(actor="staff")
    assert (state().breaker, state().paused_reason, state().failures) == ("closed", "", 0)


def test_j25_all_of_fal_is_away_and_comes_back(alice, scene, monkeypatch):
    monkeypatch.setattr(breaker, "PROBE_SECONDS", 0.5)
    job = scene.make_job(alice, pictures=20)
    scene.fal.set_weather("refuse")
    scene.send()
    tried = Attempt.objects.count()
    assert state().breaker == "open"
    assert tried <= 24  # one handful; most of it is given back without a try
    sweep()
    assert {row.waiting_reason for row in Generation.objects.all()} == {"engine_paused"}
    scene.send()
    assert Attempt.objects.count() == tried
    scene.fal.clear_weather()
    scene.run(job, seconds=60)
    job.refresh_from_db()
    assert (job.status, job.completed) == ("completed", 20)
    assert len(scene.fal.submits()) == 20
    assert set(scene.fal.count_submits(by="picture_url").values()) == {1}
