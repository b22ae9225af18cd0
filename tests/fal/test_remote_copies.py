"""What is deleted here is deleted at FAL, too, as soon as FAL lets us."""

from __future__ import annotations

import pytest

from jobs.models import RemoteCopy
from jobs.services import delete_generation, delete_job, delete_work_of, remote_copies

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def list_deleted(scene) -> list[str]:
    return [request["request_id"] for request in scene.fal.ledger(step="payloads")["requests"]]


def test_it_works(alice, scene):
    generation = scene.run(scene.make_job(alice))
    request_id = generation.attempts.get().request_id
    delete_job(generation.job, actor="alice")
    scene.follow_until(lambda: not RemoteCopy.objects.exists())
    assert list_deleted(scene) == [request_id]


def test_one_of_several(alice, scene):
    scene.run(scene.make_job(alice, pictures=2))
    first, second = scene.fal.submits()
    generation = alice.jobs.get().generations.get(attempts__request_id=first["request_id"])
    delete_generation(generation, actor="alice")
    scene.follow_until(lambda: list_deleted(scene))
    assert list_deleted(scene) == [first["request_id"]] != [second["request_id"]]


def test_an_account_takes_its_results_along(alice, scene):
    scene.run(scene.make_job(alice, pictures=2))
    delete_work_of(alice)
    alice.delete()
    scene.follow_until(lambda: not RemoteCopy.objects.exists())
    assert sorted(list_deleted(scene)) == sorted(submit["request_id"] for submit in scene.fal.submits())


def test_fal_is_asked_again_later(alice, scene, monkeypatch):
    monkeypatch.setattr(remote_copies, "PAUSE_SECONDS", 0.1)
    generation = scene.run(scene.make_job(alice))
    scene.fal.set_weather("steps", steps=["payloads"], fault={"kind": "answer", "status": 503, "times": 2})
    delete_job(generation.job, actor="alice")
    scene.follow_until(lambda: not RemoteCopy.objects.exists())
    assert len(scene.fal.ledger(step="payloads")["requests"]) == 3


def test_what_fal_does_not_know_is_gone(alice, scene):
    generation = scene.run(scene.make_job(alice))
    scene.fal.set_weather("steps", steps=["payloads"], fault={"kind": "answer", "status": 404})
    delete_job(generation.job, actor="alice")
    scene.follow_until(lambda: not RemoteCopy.objects.exists())


def test_nothing_is_remembered_for_ever(alice, scene, monkeypatch):
    generation = scene.run(scene.make_job(alice))
    delete_job(generation.job, actor="alice")
    monkeypatch.setattr(remote_copies, "KEPT_AT_MOST", -remote_copies.KEPT_AT_MOST)
    assert remote_copies.take_remote_copies(at_most=5) == []
    assert not RemoteCopy.objects.exists()
