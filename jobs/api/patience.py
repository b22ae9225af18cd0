"""How long is a body waited for? A caller who stops sending, or only drips, gives its place to others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

SILENT_SECONDS = 30
GRACE_SECONDS = 30
LEAST_BYTES_PER_SECOND = 32 * 1024  # a quarter of a megabit: less than any line that one would upload over


class PatientReceive:
    """Hands on what comes. A body that stands still ends as if its sender had gone; ``gave_up`` says so."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._began = time.monotonic()
        self._size = 0
        self._is_complete = False
        self.gave_up = False

    async def __call__(self) -> MutableMapping[str, Any]:
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                message = await self._receive()
        except TimeoutError:
            return self._give_up()
        self._size += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        return message if self._is_complete or not self._drips() else self._give_up()

    def _drips(self) -> bool:
        taken = time.monotonic() - self._began - GRACE_SECONDS
        return self._size < taken * LEAST_BYTES_PER_SECOND

    def _give_up(self) -> MutableMapping[str, Any]:
        self.gave_up = self._is_complete = True
        return {"type": "http.disconnect"}
