"""``manage.py work QUEUE``: one worker of one queue or several, until told to stop."""

from __future__ import annotations

import ctypes
import os
import socket
from argparse import ArgumentParser
from contextlib import suppress
from importlib import import_module
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from image2model.ops.alerts.watch import look_beside
from jobs import queue, watcher
from jobs.pool import Crew, run_pool
from jobs.scaling import scale_by_queue
from jobs.workers import (
    MONITORING_SECONDS,
    WORKER_TTL,
    FalWorker,
    ForkingWorker,
    PostWorker,
    WatchWorker,
    end_with_the_supervisor,
)

# Imported by the parent once, so that no work horse spends half a second on it.
PRELOADED = {
    queue.LOCAL: ("jobs.runner", "jobs.engines.local"),
    queue.POST: ("jobs.converter", "jobs.finisher"),
    queue.WATCH: (),
    queue.FAL: ("jobs.fal.drain", "jobs.engines.fal.storage", "jobs.meshes.document"),
}
_M_ARENA_MAX = -8  # of malloc.h
AUTO = "auto"
CLASSES = {queue.WATCH: WatchWorker, queue.FAL: FalWorker, queue.POST: PostWorker}


class Command(BaseCommand):
    requires_system_checks = []
    help = "Works on one queue, or on several with workers of their own that share what they load."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queues", nargs="+", choices=queue.QUEUES, metavar="queue", help=", ".join(queue.QUEUES))
        parser.add_argument(
            "--count", type=read_count, default=1,
            help="workers of the first queue; auto: by the queue's age, within MIN_ and MAX_WORKERS",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        names, count = options["queues"], options["count"]
        if count != AUTO and count < 1:
            raise CommandError("--count: at least 1, or auto.")
        share_memory_among_threads()
        for name in names:
            load(name)
        connections.close_all()
        end_with_the_supervisor()
        if len(names) == count == 1:
            work(names[0])
        else:
            run_pool([make_crew(names[0], count=count), *(make_crew(name, count=1) for name in names[1:])])


def read_count(text: str) -> int | str:
    return AUTO if text == AUTO else int(text)


def load(name: str) -> None:
    for module in PRELOADED[name]:
        import_module(module)


def make_crew(name: str, *, count: int | str) -> Crew:
    wanted = scale_by_queue(name) if count == AUTO else lambda: int(count)
    return Crew(lambda: work_in_pool(name), count_wanted=wanted)


def work_in_pool(name: str) -> None:
    end_with_the_supervisor()  # threads do not survive the fork
    work(name)


def work(name: str) -> None:
    """Answer the doorbells of a queue until told to stop."""
    worker_class: Any = CLASSES.get(name, ForkingWorker)
    connection = Redis.from_url(settings.REDIS_URL)
    worker = worker_class(
        [Queue(name, connection=connection, serializer=JSONSerializer)],
        name=f"{name}-{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}",
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        job_monitoring_interval=MONITORING_SECONDS,
    )
    if name == queue.WATCH:
        look_beside(watcher.stopping)
    worker.work(logging_level="WARNING")


def share_memory_among_threads() -> None:
    """glibc gives each thread a heap of its own, which is never given back: 8 MB more for each of our workers."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
