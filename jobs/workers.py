"""How do our RQ workers differ? They show signs of life in the database and hand back what a dead horse held."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connections
from redis.exceptions import RedisError
from rq import SimpleWorker, Worker
from rq.exceptions import InvalidJobOperation

from image2model.ops import meters, presence
from jobs import watcher
from jobs.services.processes import forget_worker, note_heartbeat, recover_runs_of

logger = logging.getLogger(__name__)

WORKER_TTL = 18  # seconds; RQ waits fifteen less for a doorbell, then beats
MONITORING_SECONDS = 3  # how often a working horse's parent beats


class _HeartbeatMixin:
    """Signs of life in the database: Redis may vanish without the workers seeming dead."""

    max_connection_wait_time = 5
    name: str

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        self._tell_database(self._show_life)
        super().heartbeat(timeout, pipeline)  # type: ignore[misc]

    def _show_life(self) -> None:
        queue = self.queue_names()[0]  # type: ignore[attr-defined]
        note_heartbeat(self.name, queue=queue)
        presence.note_presence(self.name, kind=queue)

    def execute_job(self, job: Any, queue: Any) -> None:
        try:
            super().execute_job(job, queue)  # type: ignore[misc]
        finally:
            meters.note_rq_job(queue=queue.name, status=read_outcome(job))
            meters.fold_dead()

    def register_death(self) -> None:
        super().register_death()  # type: ignore[misc]
        self._tell_database(self._forget)

    def _forget(self) -> None:
        forget_worker(self.name)
        presence.forget_presence(self.name)

    def _tell_database(self, tell: Callable[[], object]) -> None:
        try:
            tell()
        except DatabaseError as error:
            logger.warning("Worker %s could not reach the database: %s", self.name, error)
        finally:
            connections.close_all()  # none is held while waiting, none is inherited by a work horse


class ForkingWorker(_HeartbeatMixin, Worker):
    """For CPU work on strangers' pictures: each doorbell in a child, so that a crash costs one run."""

    def handle_work_horse_killed(self, job: Any, retpid: int, ret_val: int, rusage: Any) -> None:
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)
        self._tell_database(lambda: recover_runs_of(self.name, by_itself=has_crashed(ret_val)))

    def main_work_horse(self, job: Any, queue: Any) -> None:
        end_with_the_supervisor()  # threads do not survive the fork
        super().main_work_horse(job, queue)


class PostWorker(_HeartbeatMixin, SimpleWorker):
    """Has its work done by a confined child and keeps it for the next model: a work horse between them only costs."""

    def execute_job(self, job: Any, queue: Any) -> None:
        with self._show_life_beside():
            super().execute_job(job, queue)

    @contextmanager
    def _show_life_beside(self) -> Iterator[None]:
        """A large model takes longer than a worker may be silent."""
        over = threading.Event()
        beating = threading.Thread(target=self._beat_until, args=(over,), name="signs of life")
        beating.start()
        try:
            yield
        finally:
            over.set()
            beating.join()

    def _beat_until(self, over: threading.Event) -> None:
        while not over.wait(MONITORING_SECONDS):
            self._tell_database(self._show_life)


class WatchWorker(_HeartbeatMixin, SimpleWorker):
    """Runs the slices of watching in its own process, and starts their chain when it is broken."""

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        self._tell_database(watcher.seed_watching)

    def request_stop(self, signum: int, frame: Any) -> None:
        watcher.stopping.set()
        super().request_stop(signum, frame)


class FalWorker(_HeartbeatMixin, SimpleWorker):
    """Waits for FAL rather than computes: one process, many requests at once, no fork for each doorbell."""

    def request_stop(self, signum: int, frame: Any) -> None:
        from jobs.fal import drain  # loaded by its own command alone

        drain.stopping.set()
        super().request_stop(signum, frame)


def has_crashed(wait_status: int) -> bool:
    """Did a process end by its own doing? Somebody else would have killed or stopped it."""
    return os.WIFSIGNALED(wait_status) and os.WTERMSIG(wait_status) not in (signal.SIGKILL, signal.SIGTERM)


def read_outcome(job: Any) -> str:
    """RQ's word for how a doorbell was answered. A good one leaves nothing behind."""
    try:
        return str(job.get_status().value)
    except InvalidJobOperation:
        return "finished"
    except RedisError:
        return "unknown"


def end_with_the_supervisor() -> None:
    """When the pipe to the supervisor closes, it is gone: nobody would ever stop or restart this process."""
    number = os.environ.get("SUPERVISOR_PIPE_FD")
    if number is not None:
        threading.Thread(target=_wait_for_the_end, args=(int(number),), daemon=True).start()


def _wait_for_the_end(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os._exit(1)
