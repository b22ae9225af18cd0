"""Who looks for what is wrong, and tells it? A thread beside the watcher; of several, one at a time."""

from __future__ import annotations

import logging
import os
import socket
import threading

from django.db import DatabaseError, InterfaceError, connections

from image2model.ops import presence, readings
from image2model.ops.alerts import channels, notices, outages, troubles
from jobs.services.processes import hold_lease

logger = logging.getLogger(__name__)

LEASE, LEASE_SECONDS = "alerts", 60.0
PACE_SECONDS = 10.0
FILES_EVERY, SUBMISSIONS_EVERY = 3600.0, 300.0


def look(*, holder: str = "", calm: float = outages.CALM_SECONDS) -> int:
    """Once: what is wrong, remember it, tell it. How many messages went out; none while somebody else looks."""
    holder = holder or f"{socket.gethostname()}-{os.getpid()}"
    if not hold_lease(LEASE, holder=holder, seconds=LEASE_SECONDS):
        return 0
    if readings.is_due(readings.SUBMISSIONS, every=SUBMISSIONS_EVERY):
        readings.look_at_submissions()
    if readings.is_due(readings.FILES, every=FILES_EVERY):
        readings.look_at_files()
    presence.forget_silent_processes()
    outages.note_troubles(troubles.find_troubles(), calm=calm)
    notices.owe()
    return notices.pay(channels.SENDERS)


def look_beside(stopping: threading.Event) -> threading.Thread:
    """Again and again in a thread of its own, until this is set or the process ends."""
    thread = threading.Thread(target=_keep_looking, args=(stopping,), name="alerts", daemon=True)
    thread.start()
    return thread


def _keep_looking(stopping: threading.Event) -> None:
    while not stopping.wait(PACE_SECONDS):
        try:
            look()
        except (DatabaseError, InterfaceError, OSError) as error:
            logger.warning("Nobody could look for what is wrong: %s", type(error).__name__)
        finally:
            connections.close_all()
