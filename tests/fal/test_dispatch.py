"""Who goes to FAL next: so many at once, in turns, and with a reason for those who wait."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from jobs.models import Attempt, Generation
from jobs.services.fal import dispatch
from jobs.services.sweep import sweep

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def test_it_works(alice, scene, settings):
    settings.FAL_CONCURRENCY = 2
    scene.make_job(alice, pictures=5)
    scene.send()
    assert len(scene.fal.submits()) == 2
    sweep()
    waiting = Generation.objects.filter(status="queued").values_list("waiting_reason", flat=True)
    assert list(waiting) == ["engine_busy"] * 3


def test_a_place_that_becomes_free_is_taken(alice, scene, settings):
    settings.FAL_CONCURRENCY = 2
    job = scene.make_job(alice, pictures=5)
    scene.run(job)
    submits = sorted(scene.fal.submits(), key=lambda each: each["submitted_at"])
    running = [sum(other["submitted_at"] <= each["submitted_at"] < other["ended_at"] for other in submits)
               for each in submits]  # fmt: skip
    assert (len(submits), max(running)) == (5, 2)


def test_workers_that_claim_at_once_do_not_exceed_the_limit(alice, scene, settings):
    settings.FAL_CONCURRENCY = 3
    scene.make_job(alice, pictures=8)
    claimed = []

    def claim(name: str) -> None:
        claimed.extend(dispatch.claim_for_sending(name, at_most=5))
        connections.close_all()

    threads = [threading.Thread(target=claim, args=(f"worker-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(claimed), Attempt.objects.count()) == (3, 3)


def test_a_user_with_many_delays_another_by_two_picks(alice, bob, scene, settings):
    settings.FAL_CONCURRENCY = 1000
    for number in range(4):
        scene.make_job(alice, pictures=5, first=10 * number)
    scene.make_job(bob, first=90)
    owners = [attempt.generation.owner for attempt in dispatch.claim_for_sending("worker", at_most=2)]
    assert bob in owners


def test_the_outlook_counts_the_places_at_fal(alice, scene, settings):
    from jobs import progress

    settings.FAL_CONCURRENCY = 2
    job = scene.make_job(alice, pictures=4)
    outlook = progress.foresee(list(job.generations.order_by("position")))
    assert sorted(outlook.positions.values()) == [0, 1, 2, 3]
    assert sorted(outlook.seconds.values()) == [1, 1, 2, 2]


def test_picks_at_once_are_shared_among_the_owners(alice, bob, scene, settings):
    settings.FAL_CONCURRENCY = 1000
    for number in range(3):
        scene.make_job(alice, pictures=5, first=10 * number)
    scene.make_job(bob, pictures=5, first=90)
    owners = [attempt.generation.owner for attempt in dispatch.claim_for_sending("worker", at_most=8)]
    assert (owners.count(alice), owners.count(bob)) == (4, 4)
    later = [attempt.generation.owner for attempt in dispatch.claim_for_sending("worker", at_most=50)]
    assert (later.count(alice), later.count(bob)) == (11, 1)
