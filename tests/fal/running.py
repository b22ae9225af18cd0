"""How does a test run the workers of FAL? In its own process, one doorbell at a time, until nothing moves."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from jobs import finisher
from jobs.fal import drain, watching
from jobs.models import Attempt, Generation, Job
from jobs.services.sweep import sweep
from jobs.states import ACTIVE
from tests.factories import make_job
from tests.virtual_fal.running import VirtualFal

PATIENCE_SECONDS = 60.0


@dataclass
class Scene:
    """FAL and the product's workers around it."""

    fal: VirtualFal

    def make_job(self, owner: User, *, engine: str = "tripo-v2.5", **more: Any) -> Job:
        return make_job(owner, engine=engine, **more)

    def send(self) -> int:
        """One doorbell of the fal queue."""
        return drain.drain("test-worker")

    def finish(self) -> int:
        return finisher.drain()

    def follow_until(self, is_true: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> None:
        """The follower and the sweeps of the watcher, until it is so."""
        over = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(watching.follow(over)))
        thread.start()
        try:
            end = time.monotonic() + seconds
            while not is_true():
                assert time.monotonic() < end, "it did not come so"
                sweep()
                time.sleep(0.05)  # the pace of asking
        finally:
            over.set()
            thread.join()

    def follow_until_ready(self) -> None:
        self.follow_until(lambda: not Attempt.objects.running_at_provider().exists())

    def run(self, job: Job, *, seconds: float = PATIENCE_SECONDS) -> Generation:
        """All workers beside each other until the job is over."""

        def is_over() -> bool:
            self.send()
            self.finish()
            return not Generation.objects.filter(job=job, status__in=ACTIVE).exists()

        self.follow_until(is_over, seconds=seconds)
        return Generation.objects.filter(job=job).order_by("position")[0]
