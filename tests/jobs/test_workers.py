"""Does a worker that has its hands full still count as alive?"""

from __future__ import annotations

import threading

import pytest
from rq.serializers import JSONSerializer

from jobs import queue, workers
from jobs.models import WorkerHeartbeat
from jobs.workers import PostWorker
from tests.running import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(monkeypatch) -> PostWorker:
    monkeypatch.setattr(workers, "MONITORING_SECONDS", 0.02)
    return PostWorker(
        [queue.find_queue(queue.POST)], connection=queue.get_connection(), serializer=JSONSerializer, name="post-1"
    )


def has_beaten() -> bool:
    """Since the last look."""
    seen, _ = WorkerHeartbeat.objects.filter(name="post-1", queue=queue.POST).delete()
    return bool(seen)


def test_it_works(worker):
    with worker._show_life_beside():
        for _ in range(3):
            wait_until(has_beaten, what="a sign of life")


def test_it_is_silent_afterwards(worker):
    before = set(threading.enumerate())
    with worker._show_life_beside():
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) == before


def test_a_doorbell_whose_work_fails_ends_the_signs_too(worker):
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), worker._show_life_beside():
        raise ZeroDivisionError
    assert set(threading.enumerate()) == before
