"""How often is FAL asked how far it is? Less often in a queue, after errors, and when there are very many."""

from __future__ import annotations

import random

QUICK = 2.0
FIRST_SHARE, FIRST_MOST = 0.3, QUICK  # of the usual time, seconds: some are much quicker than usual
QUEUE_LEAST, QUEUE_MOST = 3.0, 15.0
UNWANTED_MOST = 300.0
BACKOFF_MOST = 30.0
CROWD = 700  # so many are followed at full pace; of twice as many each is asked half as often
JITTER = 0.25


def first_delay(typical: float) -> float:
    return min(FIRST_SHARE * typical, FIRST_MOST)


def pace(typical: float, *, running_seconds: float | None, position: int | None, crowd: int) -> float:
    """Seconds to the next look. ``crowd``: how many are followed at once, all by one process."""
    quick = min(QUICK, max(0.1, typical / 10))  # engines that take seconds are watched more closely
    if running_seconds is None:
        seconds = min(QUEUE_MOST, quick / QUICK * (QUEUE_LEAST + (position or 0) / 10))
    else:
        seconds = quick  # it may end any moment, and its log lines tell how far it is
    return spread(seconds * max(1.0, crowd / CROWD))


def slow_down(seconds: float, *, age_seconds: float) -> float:
    """For what is followed for its bill alone: less and less often."""
    return min(UNWANTED_MOST, seconds * (1 + age_seconds / 60))


def back_off(failures: int) -> float:
    return spread(min(BACKOFF_MOST, QUICK * 2.0**failures))


def spread(seconds: float) -> float:
    """So that requests that began together are not all asked for together."""
    return seconds * random.uniform(1 - JITTER, 1)  # nosec B311
