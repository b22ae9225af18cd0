"""How often is FAL asked how far it is? More often near the expected end, less often in a queue or after errors."""

from __future__ import annotations

import random

FIRST_SHARE, FIRST_MOST = 0.3, 5.0  # of the usual time, seconds
QUICK, SLOW = 2.0, 5.0
QUEUE_LEAST, QUEUE_MOST = 3.0, 15.0
BACKOFF_MOST = 30.0
NEARLY = 0.6  # of the usual time: from here on it may end any moment
JITTER = 0.15


def first_delay(typical: float) -> float:
    return min(FIRST_SHARE * typical, FIRST_MOST)


def pace(typical: float, *, running_seconds: float | None, position: int | None, crowd: int) -> float:
    """Seconds to the next look. ``crowd``: how many are followed at once, all by one process."""
    quick = min(QUICK, max(0.1, typical / 10))  # engines that take seconds are watched more closely
    if running_seconds is None:
        seconds = min(QUEUE_MOST, quick / QUICK * (QUEUE_LEAST + (position or 0) / 10))
    else:
        seconds = quick if running_seconds > NEARLY * typical else quick / QUICK * SLOW
    return spread(seconds * max(1.0, crowd / 500))


def back_off(failures: int) -> float:
    return spread(min(BACKOFF_MOST, QUICK * 2.0**failures))


def spread(seconds: float) -> float:
    """So that requests that began together are not all asked for together."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)
