"""How do steps that take milliseconds show themselves? Only the last of each run, about once a second."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from jobs.fal.rows import Rows
from jobs.services.fal.showing import Sight, show

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
CROWD, CROWD_PAUSE_SECONDS = 16, 2.0  # so many runs in hand are shown less often


class Showcase:
    """Stages and progress of the runs in hand. Nothing waits for it, and what is overtaken is never written."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._latest: dict[UUID, Sight] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def show(self, sight: Sight) -> None:
        self._latest[sight.generation_id] = sight
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write_later())

    def forget(self, generation_id: UUID) -> None:
        """It has gone on: a transaction of its own says where it is."""
        self._latest.pop(generation_id, None)

    async def close(self) -> None:
        self._closing.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._write()

    async def _write_later(self) -> None:
        await self._pause(PAUSE_SECONDS)
        if len(self._latest) > CROWD:
            await self._pause(CROWD_PAUSE_SECONDS)
        await self._write()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def _write(self) -> None:
        sights, self._latest = list(self._latest.values()), {}
        try:
            if sights:
                await self._rows(show, sights)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Progress of %s runs could not be written: %s", len(sights), error)
