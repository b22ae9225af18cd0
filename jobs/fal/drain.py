"""What does a doorbell of the ``fal`` queue start? Sending and collecting, many at once, for a bounded time."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from typing import Any

from jobs import queue
from jobs.engines.fal import AccountProblem
from jobs.failpoints import failpoint
from jobs.fal.client import has_key, open_client
from jobs.fal.collecting import Collector
from jobs.fal.rows import Rows, open_rows
from jobs.fal.sending import Sender
from jobs.fal.showcase import Showcase
from jobs.models import Attempt, Generation
from jobs.services.fal import breaker, collecting, dispatch, submission
from jobs.services.processes import note_heartbeat

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0
SENDING_AT_ONCE = 24
COLLECTING_AT_ONCE = 16
KEEP_ALIVE_SECONDS = 5.0
LOOK_SECONDS = 0.5

stopping = threading.Event()  # set when this process was asked to end


def drain(worker: str) -> int:
    """Send what may be sent and collect what is ready, until nothing is left or the slice is over; how many."""
    return asyncio.run(_drain(worker)) if has_key() else 0


async def _drain(worker: str) -> int:
    async with open_rows() as rows:
        try:
            async with open_client() as client:
                showcase = Showcase(rows)
                sender, collector = Sender(client, rows, showcase), Collector(client, rows, showcase)
                done = await Drain(worker, rows, sender=sender, collector=collector).run()
                await showcase.close()
                return done
        except AccountProblem as error:  # the key is none at all
            await rows(breaker.pause, error.reason, message=error.message)
            return 0


class Drain:
    """One slice of work: tasks under way, and the signs of life that they need."""

    def __init__(self, worker: str, rows: Rows, *, sender: Sender, collector: Collector) -> None:
        self._worker, self._rows, self._sender, self._collector = worker, rows, sender, collector
        self._sending: dict[asyncio.Task[None], Generation] = {}
        self._collecting: dict[asyncio.Task[None], Attempt] = {}
        self._failures: list[BaseException] = []
        self._done = 0

    async def run(self) -> int:
        end = time.monotonic() + SLICE_SECONDS
        keeper = asyncio.create_task(self._keep_alive())
        try:
            while not stopping.is_set() and time.monotonic() < end and await self._take_more():
                await self._wait_for_some()
            while self._tasks():
                await self._wait_for_some()
        finally:
            keeper.cancel()
        if not stopping.is_set() and await self._rows(_is_work_left):
            queue.ring(queue.FAL)
        if self._failures:
            raise self._failures[0]  # RQ's list of failed jobs holds bugs
        return self._done

    async def _take_more(self) -> bool:
        """Claim until the hands are full; is there anything in them?"""
        if len(self._collecting) <= COLLECTING_AT_ONCE // 2:
            free = COLLECTING_AT_ONCE - len(self._collecting)
            for attempt in await self._rows(collecting.claim_ready, at_most=free):
                self._collecting[self._start(self._collector.collect(attempt))] = attempt
        if len(self._sending) <= SENDING_AT_ONCE // 2:
            free = SENDING_AT_ONCE - len(self._sending)
            for generation in await self._rows(dispatch.claim_for_sending, self._worker, at_most=free):
                failpoint("dispatch.after_claim")
                self._sending[self._start(self._sender.send(generation))] = generation
        return bool(self._tasks())

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [*self._sending, *self._collecting]

    async def _wait_for_some(self) -> None:
        done, _ = await asyncio.wait(self._tasks(), timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self._sending.pop(task, None)
            self._collecting.pop(task, None)
            self._done += 1
            if (error := task.exception()) is not None:
                logger.error("A step with FAL failed.", exc_info=error)
                self._failures.append(error)

    async def _keep_alive(self) -> None:
        """What is in hand belongs to this worker as long as it lives."""
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            await self._rows(self._give_signs)

    def _give_signs(self) -> None:
        submission.renew_leases([generation.pk for generation in self._sending.values()])
        collecting.renew_leases([attempt.pk for attempt in self._collecting.values()])
        note_heartbeat(self._worker, queue=queue.FAL)


def _is_work_left() -> bool:
    return dispatch.may_claim() or collecting.waiting_to_be_collected().exists()
