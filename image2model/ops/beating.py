"""How does a web process show that it runs? By a thread of its own, from the server's start to its end."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, connections

from image2model.ops.presence import PACE_SECONDS, forget_presence, note_presence
from image2model.ops.recording import Receive, Scope, Send

logger = logging.getLogger(__name__)

WEB, LIVE = "web", "live"


class Beat:
    """The thread. Knows no request, and holds no connection while it waits."""

    def __init__(self, kind: str) -> None:
        self.name = f"{kind}-{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self._kind = kind
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._thread.join(timeout=3)

    def _run(self) -> None:
        while not self._stopping.is_set():
            _try(lambda: note_presence(self.name, kind=self._kind))
            self._stopping.wait(PACE_SECONDS)
        _try(lambda: forget_presence(self.name))


def _try(say: Callable[[], None]) -> None:
    """The database may be down: the product answers all the same, and is seen again later."""
    try:
        say()
    except (DatabaseError, InterfaceError) as error:
        logger.debug("A sign of life could not be given: %s", error)
    finally:
        connections.close_all()


class Lifespan:
    """What the server does before the first request and after the last one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        beat = Beat(WEB)
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                beat.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                beat.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def beat_under_daphne() -> None:
    """Daphne has no word for its start and end: the program's own are taken."""
    if Path(sys.argv[0]).name != "daphne":
        return
    beat = Beat(LIVE)
    beat.start()
    with suppress(RuntimeError):
        atexit.register(beat.stop)
