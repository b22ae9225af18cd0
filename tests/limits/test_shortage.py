"""The machine lacks a file descriptor, memory or room for a worker: does the work wait, and come right by itself?"""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from typing import NoReturn

import pytest

from jobs import runner
from jobs.confined import models, pictures, pool
from jobs.converter import run_conversion
from jobs.fal import sending
from jobs.finisher import finish
from jobs.models import Attempt, Conversion, Generation
from jobs.services import request_formats, runs
from jobs.services.fal import finishing
from jobs.services.formats import claim_conversion
from tests.factories import claim, finish_job, make_job
from tests.fal.conftest import fal, fal_server, scene  # noqa: F401
from tests.fal.running import Scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
SHORTAGES = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0.0)


def run_short(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """From now on no child process can be started, and there is none that would need nothing more."""
    for each in (pictures._pool, models._pool, models._crowd_pool):
        each.stop()

    def refuse(*arguments: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pool, "Child", refuse)


@pytest.mark.parametrize("number", SHORTAGES)
def test_a_local_run_goes_back_into_the_queue(alice, monkeypatch, number: int):
    job = make_job(alice)
    with monkeypatch.context() as patch:
        run_short(patch, number)
        with pytest.raises(OSError, match=os.strerror(number)):
            runner.run_generation(claim(job))
    generation = Generation.objects.get()
    assert (generation.status, generation.crashes, generation.error_code) == ("queued", 0, "")
    assert generation.job.events.filter(kind="handed_back").count() == 1

    runner.run_generation(claim(job))
    assert Generation.objects.get().status == "completed"


def test_other_trouble_of_the_machine_is_a_lost_run(alice, monkeypatch):
    """Nobody knows whose fault it is: the lease runs out, and the sweep counts."""
    job = make_job(alice)
    run_short(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        runner.run_generation(claim(job))
    assert Generation.objects.get().status == "processing"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM])
def test_what_was_not_sent_to_fal_is_sent_later_and_once(alice, scene: Scene, monkeypatch, number: int):  # noqa: F811
    job = scene.make_job(alice)
    with monkeypatch.context() as patch:
        run_short(patch, number)
        patch.setattr(sending, "PAUSE_SECONDS", 6.0)  # longer than a slice: it is tried once
        scene.send()
    generation = Generation.objects.get()
    assert (generation.status, generation.crashes) == ("queued", 0)
    assert scene.fal.submits() == []

    assert scene.run(job).status == "completed"
    assert len(scene.fal.submits()) == 1


def test_a_collected_model_waits_for_its_preview(alice, scene: Scene, monkeypatch):  # noqa: F811
    """However often there was nobody to draw it: it is not given up for that."""
    job = scene.make_job(alice, formats=("stl",))
    scene.send()
    scene.follow_until_ready()
    scene.send()
    with monkeypatch.context() as patch:
        run_short(patch, errno.EMFILE)
        for _ in range(finishing.MAX_CLAIMS + 2):
            Attempt.objects.update(lease_until=None)
            attempt = finishing.claim_finishing()
            assert attempt is not None
            with pytest.raises(OSError, match="open files"):
                finish(attempt)
    assert Attempt.objects.get().finish_claims == 0
    Attempt.objects.update(lease_until=None)

    generation = scene.run(job)
    assert (generation.status, generation.warnings) == ("completed", [])
    assert {each.role for each in generation.artifacts.all()} == {"model", "preview"}
    assert len(scene.fal.submits()) == 1


def test_a_format_is_made_later(alice, monkeypatch):
    generation = finish_job(make_job(alice)).generations.get()
    request_formats(generation, formats=["stl"])
    with monkeypatch.context() as patch:
        run_short(patch, errno.EMFILE)
        for _ in range(6):
            Conversion.objects.filter(status="processing").update(lease_until=runs.Now() - timedelta(seconds=1))
            conversion = claim_conversion()
            assert conversion is not None
            with pytest.raises(OSError, match="open files"):
                run_conversion(conversion)
    Conversion.objects.update(lease_until=runs.Now() - timedelta(seconds=1))
    conversion = claim_conversion()
    assert conversion is not None
    run_conversion(conversion)
    assert Conversion.objects.get().status == "completed"
