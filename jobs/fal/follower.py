"""How are thousands of requests followed at once? Short calls on one event loop, what they show written together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from image2model.ops.logs import bind
from jobs.engines.fal import AccountProblem, FalClient, FalError, Gone
from jobs.failpoints import failpoint
from jobs.fal.resolving import resolve
from jobs.fal.rows import Rows
from jobs.services.fal import breaker, following, unknown
from jobs.services.fal.following import Followed, Observation

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.2
AT_ONCE = 100  # connections to FAL
GONE_TRIES = 3
COUNT_EVERY_SECONDS = 5.0
_gone: Counter[int] = Counter()  # how often in a row FAL did not know a request


class Follower:
    """Looks at what is due, a few times a second, and never waits for the slow ones."""

    def __init__(self, client: FalClient, rows: Rows) -> None:
        self._client, self._rows = client, rows
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[int] = set()
        self._seen: list[Observation] = []
        self._crowd, self._count_at = 0, 0.0

    async def tick(self) -> None:
        await self._start_looking()
        await self._write_down()

    @property
    def is_idle(self) -> bool:
        """Is nothing at FAL?"""
        return self._crowd == 0 and not self._tasks

    async def finish(self) -> None:
        """At the end of a slice: what is under way is still taken."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        await self._write_down()

    async def _start_looking(self) -> None:
        if self.is_idle or time.monotonic() >= self._count_at:
            self._count_at = time.monotonic() + COUNT_EVERY_SECONDS
            self._crowd = await self._rows(following.count_followed)
        free = AT_ONCE - len(self._tasks)
        for followed in await self._rows(following.take_due, at_most=free, crowd=self._crowd) if free > 0 else []:
            if followed.attempt_id not in self._busy:
                failpoint("follow.before_poll")
                self._start(self._look(followed), followed.attempt_id)
        for attempt in await self._rows(unknown.take_unresolved, at_most=10):
            self._start(resolve(attempt, client=self._client, rows=self._rows), attempt.pk)

    def _start(self, work: Coroutine[Any, Any, None], attempt_id: int) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        self._busy.add(attempt_id)
        task.add_done_callback(lambda done: self._end(done, attempt_id))

    def _end(self, task: asyncio.Task[None], attempt_id: int) -> None:
        self._tasks.discard(task)
        self._busy.discard(attempt_id)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A look at FAL failed.", exc_info=error)

    async def _look(self, followed: Followed) -> None:
        with bind(request_id=followed.asked_in):
            await self._look_and_note(followed)

    async def _look_and_note(self, followed: Followed) -> None:
        try:
            if followed.must_cancel:
                await self._cancel(followed)
            status = await self._client.status(followed.endpoint, followed.request_id)
            failpoint("follow.after_poll")
            seen = Observation(
                followed=followed, state=status.state, position=status.position, percent=status.percent
            )  # fmt: skip
            _gone.pop(followed.attempt_id, None)
        except Gone:
            _gone[followed.attempt_id] += 1
            seen = Observation(followed=followed, state="unclear")
            if _gone[followed.attempt_id] >= GONE_TRIES:
                _gone.pop(followed.attempt_id)
                await self._rows(following.give_up_lost, followed)
                return
        except AccountProblem as error:
            await self._rows(breaker.pause, error.reason, message=error.message)
            seen = Observation(followed=followed, state="unclear")
        except FalError as error:
            logger.debug("FAL gave no clear answer about %s: %s", followed.request_id, error.detail)
            seen = Observation(followed=followed, state="unclear")
        self._seen.append(seen)
        if followed.is_wanted and following.is_too_late(seen):
            await self._rows(following.give_up_overdue, followed)

    async def _cancel(self, followed: Followed) -> None:
        answer = await self._client.cancel(followed.endpoint, followed.request_id)
        logger.info("FAL was asked to stop %s: %s.", followed.request_id, answer)
        await self._rows(following.note_cancel_sent, [followed.attempt_id])

    async def _write_down(self) -> None:
        seen, self._seen = self._seen, []
        if seen:
            await self._rows(following.note_observations, seen)
            failpoint("follow.after_note")
