"""What does a doorbell of the ``fal`` queue start? Sending and collecting, many at once, for a bounded time."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from django.db import DatabaseError, InterfaceError

from jobs import queue
from jobs.engines.fal import AccountProblem
from jobs.failpoints import failpoint
from jobs.fal.artifacts import remove_forgotten_downloads
from jobs.fal.client import has_key, open_client
from jobs.fal.collecting import Collector
from jobs.fal.rows import Rows, open_rows
from jobs.fal.sending import Sender
from jobs.fal.showcase import Showcase
from jobs.models import Attempt
from jobs.services.fal import breaker, collecting, dispatch, submission
from jobs.services.processes import note_heartbeat

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0
SENDING_AT_ONCE = 48  # claimed together, most of a claim's cost is for each job and not for each picture
COLLECTING_AT_ONCE = 24
KEEP_ALIVE_SECONDS = 5.0
LOOK_SECONDS = 0.5
DATABASE_ERRORS = (DatabaseError, InterfaceError)

Hands = dict[asyncio.Task[None], Attempt]  # what is under way, and whose it is
Work = Callable[[Attempt], Coroutine[Any, Any, None]]

stopping = threading.Event()  # set when this process was asked to end


def drain(worker: str) -> int:
    """Send what may be sent and collect what is ready, until nothing is left or the slice is over; how many."""
    if not has_key():
        return 0
    remove_forgotten_downloads()
    return asyncio.run(_drain(worker))


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
        self._sending: Hands = {}
        self._collecting: Hands = {}
        self._look_at = {"sending": 0.0, "collecting": 0.0}
        self._failures: list[BaseException] = []
        self._done = 0

    async def run(self) -> int:
        keeper = asyncio.create_task(self._keep_alive())
        try:
            await self._work_until(time.monotonic() + SLICE_SECONDS)
            while self._tasks():
                await self._wait_for_some()
        finally:
            keeper.cancel()
        if not stopping.is_set() and await self._rows(_is_work_left):
            queue.ring(queue.FAL)
        if self._failures:
            raise self._failures[0]  # RQ's list of failed jobs holds bugs
        return self._done

    async def _work_until(self, end: float) -> None:
        try:
            while not stopping.is_set() and time.monotonic() < end and await self._take_more():
                await self._wait_for_some()
        except DATABASE_ERRORS as error:  # what is in the air already must not be torn off
            self._failures.append(error)

    async def _take_more(self) -> bool:
        """Claim until the hands are full; is there anything in them?"""
        if self._may_look("collecting", self._collecting, most=COLLECTING_AT_ONCE):
            free = COLLECTING_AT_ONCE - len(self._collecting)
            in_hand = [attempt.pk for attempt in self._collecting.values()]
            ready = await self._rows(collecting.claim_ready, at_most=free, in_hand=in_hand)
            self._take("collecting", self._collecting, ready, work=self._collector.collect)
        if self._may_look("sending", self._sending, most=SENDING_AT_ONCE):
            free = SENDING_AT_ONCE - len(self._sending)
            claimed = await self._rows(dispatch.claim_for_sending, self._worker, at_most=free)
            self._take("sending", self._sending, claimed, work=self._sender.send)
        return bool(self._tasks())

    def _may_look(self, kind: str, hands: Mapping[Any, Attempt], *, most: int) -> bool:
        """Is there room for a good handful, and was there something at the last look, or some time ago?"""
        return len(hands) <= most // 2 and time.monotonic() >= self._look_at[kind]

    def _take(self, kind: str, hands: Hands, attempts: Sequence[Attempt], *, work: Work) -> None:
        if attempts:
            failpoint("dispatch.after_claim" if kind == "sending" else "collect.after_claim")
        else:
            self._look_at[kind] = time.monotonic() + LOOK_SECONDS
        for attempt in attempts:
            hands[asyncio.create_task(work(attempt))] = attempt

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
            try:
                await self._rows(self._give_signs)
            except DATABASE_ERRORS as error:
                logger.warning("The database took no sign of life: %s", error)

    def _give_signs(self) -> None:
        submission.renew_leases([attempt.generation_id for attempt in self._sending.values()])
        collecting.renew_leases([attempt.pk for attempt in self._collecting.values()])
        note_heartbeat(self._worker, queue=queue.FAL)


def _is_work_left() -> bool:
    return dispatch.may_claim() or collecting.waiting_to_be_collected().exists()
