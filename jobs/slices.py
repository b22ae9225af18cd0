"""How long does a worker work on one doorbell?"""

from __future__ import annotations

import time
from collections.abc import Callable

from jobs import queue

SLICE_SECONDS = 5  # so that a stopping worker need not wait longer


def repeat_for_a_slice(step: Callable[[], bool], *, queue_name: str) -> int:
    """Step by step until nothing is left or the slice is over, which rings for the rest; how many steps did work."""
    done, end = 0, time.monotonic() + SLICE_SECONDS
    while time.monotonic() < end:
        if not step():
            return done
        done += 1
    queue.ring(queue_name)
    return done
