"""Who keeps everything moving? One bounded slice of watching at a time; two at once are harmless."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings

from image2model.ops.presence import note_presence
from image2model.ops.readings import note_sweep
from jobs import queue
from jobs.failpoints import failpoint
from jobs.services.fal.provider import withdraw_offer
from jobs.services.processes import hold_lease, is_lease_live, note_heartbeat, release_lease
from jobs.services.sweep import sweep
from jobs.services.webhooks.delivering import is_needed

logger = logging.getLogger(__name__)

WATCHER = "watcher"
SLICE_SECONDS = 45
LEASE_SECONDS = 8  # several paces: two who watch at once do no harm, and nobody must be seen soon
PACE_SECONDS = 2

stopping = threading.Event()  # set when this process was asked to end


def watch_slice(*, worker: str) -> None:
    """Sweep every few seconds and follow what is at FAL, then hand over to the next slice."""
    end = time.monotonic() + SLICE_SECONDS
    with _follow_fal():
        while time.monotonic() < end and not stopping.is_set():
            hold_lease(WATCHER, holder=worker, seconds=LEASE_SECONDS)
            note_heartbeat(worker, queue=queue.WATCH)
            note_presence(worker, kind=queue.WATCH)
            failpoint("sweep.before")
            with note_sweep():
                sweep()
            failpoint("sweep.after")
            _carry_webhooks()
            stopping.wait(PACE_SECONDS)
    release_lease(WATCHER, holder=worker)
    if not stopping.is_set():
        queue.ring(queue.WATCH)


def _follow_fal() -> AbstractContextManager[None]:
    """Nothing without a key: then FAL's engines are not on offer either."""
    if not settings.FAL_KEY:
        withdraw_offer()
        return nullcontext()
    from jobs.fal.watching import follow_beside  # aiohttp loads only where FAL is talked to

    return follow_beside()


def _carry_webhooks() -> None:
    """Nothing before somebody has a webhook."""
    if is_needed():
        from jobs import postman  # aiohttp loads only where something is sent

        postman.work_beside(stopping)


def seed_watching() -> None:
    """Start the chain of slices when nobody watches: a Redis outage at a hand-over must not end it for good."""
    if not is_lease_live(WATCHER) and not queue.has_bell(queue.WATCH):
        queue.ring(queue.WATCH)
