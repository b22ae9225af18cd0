"""What does a worker do with what it did not put into the queue itself? A pickle is dropped and never opened."""

from __future__ import annotations

import json
import logging
import pickle
import zlib
from pathlib import Path

import pytest
from django.conf import settings
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import queue
from jobs.workers import ForkingWorker, WatchWorker

pytestmark = pytest.mark.django_db(transaction=True)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def put(name: str, fields: dict[str, bytes], *, job_id: str) -> None:
    """Into the queue as somebody would who reached Redis, past RQ."""
    connection = queue.get_connection()
    rung = queue.find_queue(name)
    connection.hset(f"rq:job:{job_id}", mapping=fields)
    connection.rpush(rung.key, job_id)
    connection.sadd("rq:queues", rung.key)


@pytest.fixture
def trap(tmp_path) -> Path:
    return tmp_path / "sprung"


@pytest.fixture(autouse=True)
def _empty_queues():
    for name in queue.QUEUES:
        queue.find_queue(name).empty()
    yield
    for name in queue.QUEUES:
        queue.find_queue(name).empty()


def work(worker_class=WatchWorker) -> None:
    worker = worker_class([queue.find_queue(queue.LOCAL)], connection=queue.get_connection(), serializer=JSONSerializer)
    logging.getLogger("rq.worker").setLevel(logging.CRITICAL)
    worker.work(burst=True, logging_level="CRITICAL")


@pytest.mark.parametrize("where", ["data", "meta", "data uncompressed"])
def test_a_pickle_is_dropped_without_side_effect(trap, where):
    pickled = pickle.dumps(Trap(trap))
    data = pickled if "uncompressed" in where else zlib.compress(pickled)
    fields = {"created_at": b"2026-11-22T12:00:00.000000Z", "status": b"queued", "origin": b"local", "data": data}
    if where == "meta":
        fields |= {
            "meta": pickled,
            "data": zlib.compress(json.dumps(["jobs.tasks.drain_local", None, [], {}]).encode()),
        }
    put(queue.LOCAL, fields, job_id="trap")

    work()

    assert not trap.exists()
    assert queue.find_queue(queue.LOCAL).is_empty()


def test_the_trap_springs_when_it_is_unpickled(trap):
    """So that the test above proves something."""
    pickle.loads(pickle.dumps(Trap(trap)))
    assert trap.exists()


def test_the_worker_goes_on_after_it(trap):
    put(queue.LOCAL, {"status": b"queued", "origin": b"local", "data": pickle.dumps(Trap(trap))}, job_id="trap")
    assert queue.ring(queue.LOCAL)
    work()
    assert queue.find_queue(queue.LOCAL).is_empty()
    assert not trap.exists()


def test_every_queue_and_worker_speaks_json():
    assert {entry["SERIALIZER"] for entry in settings.RQ_QUEUES.values()} == {"rq.serializers.JSONSerializer"}
    for name in queue.QUEUES:
        assert queue.find_queue(name).serializer is JSONSerializer
    assert issubclass(ForkingWorker, object)


def test_what_lies_in_the_queue_is_json():
    queue.ring(queue.LOCAL)
    [job_id] = queue.find_queue(queue.LOCAL).job_ids
    stored = queue.get_connection().hgetall(f"rq:job:{job_id}")
    assert json.loads(zlib.decompress(stored[b"data"])) == ["jobs.tasks.drain_local", None, [], {}]
    assert isinstance(Job.fetch(job_id, connection=queue.get_connection(), serializer=JSONSerializer), Job)


def test_no_module_of_ours_reads_pickles():
    for package in ("accounts", "image2model", "jobs"):
        for path in (settings.BASE_DIR / package).rglob("*.py"):
            assert "pickle" not in path.read_text(encoding="utf-8").replace("never pickle", ""), path
