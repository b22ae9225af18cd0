"""How many workers of a queue does this machine need now? By how long the oldest waits, within bounds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections

from image2model.ops.processors import count_processors
from image2model.ops.waiting import Backlog, read_backlog

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks into the database
STEP_SECONDS = 5.0  # a new worker must have begun to help before the next one is judged to be needed


@dataclass(frozen=True, kw_only=True)
class Bounds:
    fewest: int
    most: int
    up_after: float  # seconds that the oldest has waited
    down_after: float  # seconds in which nothing waited


def read_bounds() -> Bounds:
    """As the settings say. A lower bound above the upper one wins: somebody asked for it."""
    most = settings.MAX_WORKERS or count_processors()
    return Bounds(
        fewest=settings.MIN_WORKERS,
        most=max(most, settings.MIN_WORKERS),
        up_after=settings.SCALE_UP_SECONDS,
        down_after=settings.SCALE_DOWN_SECONDS,
    )


class Scale:
    """Tells a pool how many workers it should have: one more at a time, one less at a time."""

    def __init__(
        self,
        bounds: Bounds,
        *,
        look: Callable[[], Backlog],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.count = bounds.fewest
        self._bounds = bounds
        self._look = look
        self._clock = clock
        self._looked_at = self._stepped_at = float("-inf")
        self._calm_since = clock()

    def __call__(self) -> int:
        now = self._clock()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._judge(self._look(), now)
        return self.count

    def _judge(self, backlog: Backlog, now: float) -> None:
        if backlog.waiting:
            self._calm_since = now
        if backlog.oldest_seconds > self._bounds.up_after and now - self._stepped_at >= STEP_SECONDS:
            self._step_to(self.count + 1, now, backlog)
        elif now - self._calm_since >= self._bounds.down_after and self.count > self._bounds.fewest:
            self._calm_since = now  # the next one leaves after as long a calm
            self._step_to(self.count - 1, now, backlog)

    def _step_to(self, count: int, now: float, backlog: Backlog) -> None:
        wanted = min(max(count, self._bounds.fewest), self._bounds.most)
        if wanted != self.count:
            logger.info(
                "Workers: %s instead of %s; %s wait, the oldest for %s s.",
                wanted, self.count, backlog.waiting, backlog.oldest_seconds,
            )  # fmt: skip
            self.count, self._stepped_at = wanted, now


def scale_by_queue(name: str) -> Scale:
    """For the workers of this queue. While the database is down, as many as before."""
    known = Backlog(waiting=0, oldest_seconds=0)

    def look() -> Backlog:
        nonlocal known
        try:
            known = read_backlog(name)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The queue's age could not be read: %s", type(error).__name__)
        finally:
            connections.close_all()  # none may be inherited by a worker that is forked next
        return known

    return Scale(read_bounds(), look=look)
