"""Going on without FAL: because the job says so, or a person does."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs import runner, services
from jobs.errors import JobError
from jobs.models import Event, Generation, LedgerEntry, Provider
from jobs.services.fal import breaker, fallback
from jobs.services.sweep import sweep
from tests.factories import make_picture

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def make_job(owner, *, fallback="local", **options):
    upload = services.Upload(filename="cup.png", file=io.BytesIO(make_picture(1)))
    wishes = services.Wishes(engine="tripo-v2.5", fallback=fallback, options=options)
    return services.submit_uploads(owner, uploads=[upload], wishes=wishes).job


def test_it_works(alice, scene):
    job = make_job(alice, face_limit=9_000, texture="hd")
    scene.fal.script("submit-422")
    scene.send()
    generation = Generation.objects.get()
    assert (generation.status, generation.engine, generation.error_code) == ("queued", "local", "")
    assert (generation.options["face_limit"], generation.options["texture"]) == (9_000, "hd")
    assert Event.objects.filter(job=job, kind="fell_back").exists()
    assert not LedgerEntry.objects.filter(state="held").exists()
    runner.drain("local", worker="test-worker")
    generation.refresh_from_db()
    assert (generation.status, generation.attempt) == ("completed", 2)
    assert generation.cost_actual == 0


def test_a_failure_at_fal_falls_back(alice, scene):
    make_job(alice)
    scene.fal.script("result-internal-server-error")
    scene.send()
    scene.follow_until_ready()
    scene.send()
    assert Generation.objects.get().engine == "local"


def test_without_the_wish_it_fails(alice, scene):
    make_job(alice, fallback="")
    scene.fal.script("submit-422")
    scene.send()
    assert Generation.objects.get().status == "failed"


def test_an_unknown_outcome_does_not_fall_back(alice, scene):
    make_job(alice)
    scene.fal.script({"preset": "submit-500-created", "in_history": False})
    scene.send()
    sweep()
    generation = Generation.objects.get()
    assert (generation.engine, generation.stage) == ("tripo-v2.5", "submit_unknown")


def test_a_paused_account_falls_back_at_once(alice, scene):
    make_job(alice)
    breaker.pause("balance", message="No balance.")
    sweep()
    assert Generation.objects.get().engine == "local"


def test_an_open_breaker_is_given_some_time(alice, scene):
    make_job(alice)
    for _ in range(5):
        breaker.note_failure()
    sweep()
    assert Generation.objects.get().engine == "tripo-v2.5"
    Provider.objects.update(opened_at=Now() - timedelta(minutes=3))
    sweep()
    assert Generation.objects.get().engine == "local"


def test_one_click_switches_what_waits(alice, scene, settings):
    settings.FAL_CONCURRENCY = 0
    job = scene.make_job(alice, pictures=2)
    generation = fallback.switch_to_local(job.generations.all()[0], actor="alice")
    assert (generation.engine, generation.status) == ("local", "queued")
    assert fallback.switch_job_to_local(job, actor="alice") == 1
    assert Event.objects.filter(kind="switched", actor="alice").count() == 2
    runner.drain("local", worker="test-worker")
    job.refresh_from_db()
    assert (job.status, scene.fal.submits()) == ("completed", [])


def test_what_fal_has_cannot_be_switched(alice, scene):
    scene.make_job(alice)
    scene.send()
    with pytest.raises(JobError, match="Only a generation that waits"):
        fallback.switch_to_local(Generation.objects.get(), actor="alice")
