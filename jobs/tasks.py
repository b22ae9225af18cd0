"""What does a doorbell start? RQ's entry points, named by ``queue.py``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rq import get_current_job

from image2model.ops.logs import bind
from jobs import queue, watcher


@contextmanager
def follow_bell() -> Iterator[str]:
    """The worker's name; its log lines name the request that rang, until they know better."""
    job = get_current_job()
    with bind(request_id=(job.meta.get("request_id", "") if job else "")):
        yield (job.worker_name if job else None) or f"process-{os.getpid()}"


def drain_local() -> None:
    from jobs import runner  # numpy and OpenCV load only where models are made

    with follow_bell() as worker:
        runner.drain(queue.LOCAL, worker=worker)


def drain_post() -> None:
    from jobs import finisher, runner

    with follow_bell():
        runner.drain_conversions()
        finisher.drain()


def drain_fal() -> None:
    from jobs.fal import drain  # aiohttp loads only where FAL is talked to

    with follow_bell() as worker:
        drain.drain(worker)


def watch() -> None:
    with follow_bell() as worker:
        watcher.watch_slice(worker=worker)
