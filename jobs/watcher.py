"""Who keeps everything moving? One bounded slice of watching at a time; two at once are harmless."""

from __future__ import annotations

import logging
import threading
import time

from jobs import queue
from jobs.services.processes import hold_lease, is_lease_live, release_lease
from jobs.services.sweep import sweep

logger = logging.getLogger(__name__)

WATCHER = "watcher"
SLICE_SECONDS = 45
LEASE_SECONDS = 15
PACE_SECONDS = 2

stopping = threading.Event()  # set when this process was asked to end


def watch_slice(*, worker: str) -> None:
    """Sweep every few seconds, then hand over to the next slice."""
    end = time.monotonic() + SLICE_SECONDS
    while time.monotonic() < end and not stopping.is_set():
        hold_lease(WATCHER, holder=worker, seconds=LEASE_SECONDS)
        sweep()
        stopping.wait(PACE_SECONDS)
    release_lease(WATCHER, holder=worker)
    if not stopping.is_set():
        queue.ring(queue.WATCH)


def seed_watching() -> None:
    """Start the chain of slices when nobody watches: a Redis outage at a hand-over must not end it for good."""
    if not is_lease_live(WATCHER) and not queue.has_bell(queue.WATCH):
        queue.ring(queue.WATCH)
