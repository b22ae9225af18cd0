"""What does a doorbell start? RQ's entry points, named by ``queue.py``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rq import get_current_job

from image2model.ops.trail import follow_bell
from jobs import queue, watcher
from jobs.failpoints import failpoint


@contextmanager
def answer_bell() -> Iterator[str]:
    """The worker's name; log lines and spans name the request that rang, until they know better."""
    job = get_current_job()
    name = f"drain {job.origin}" if job else "drain"
    failpoint("worker.after_bell")
    with follow_bell(name, meta=job.meta if job else {}):
        yield (job.worker_name if job else None) or f"process-{os.getpid()}"


def drain_local() -> None:
    from jobs import runner  # numpy and OpenCV load only where models are made

    with answer_bell() as worker:
        runner.drain(queue.LOCAL, worker=worker)


def drain_post() -> None:
    from jobs import converter, finisher

    with answer_bell():
        converter.drain_conversions()
        finisher.drain()


def drain_fal() -> None:
    from jobs.fal import drain  # aiohttp loads only where FAL is talked to

    with answer_bell() as worker:
        drain.drain(worker)


def watch() -> None:
    with answer_bell() as worker:
        watcher.watch_slice(worker=worker)
