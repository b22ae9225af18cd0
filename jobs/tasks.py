"""What does a doorbell start? RQ's entry points, named by ``queue.py``."""

from __future__ import annotations

import os

from rq import get_current_job

from jobs import queue, watcher


def drain_local() -> None:
    from jobs import runner  # numpy and OpenCV load only where models are made

    runner.drain(queue.LOCAL, worker=_worker())


def drain_post() -> None:
    from jobs import finisher, runner

    runner.drain_conversions()
    finisher.drain()


def drain_fal() -> None:
    from jobs.fal import drain  # aiohttp loads only where FAL is talked to

    drain.drain(_worker())


def watch() -> None:
    watcher.watch_slice(worker=_worker())


def _worker() -> str:
    job = get_current_job()
    return (job.worker_name if job else None) or f"process-{os.getpid()}"
