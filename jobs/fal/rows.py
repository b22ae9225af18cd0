"""How does an event loop reach the database? Through one thread of its own, and many changes in one go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connections

logger = logging.getLogger(__name__)

Args = ParamSpec("Args")
Answer = TypeVar("Answer")
Item = TypeVar("Item")

DATABASE_PATIENCE = 60  # seconds in which a change that must not be lost is tried again


class Rows:
    """The database as one event loop sees it: one call after another, in a thread that keeps its connection."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rows")

    async def __call__(self, call: Callable[Args, Answer], *args: Args.args, **kwargs: Args.kwargs) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: call(*args, **kwargs))

    async def insist(self, call: Callable[Args, Answer], *args: Args.args, **kwargs: Args.kwargs) -> Answer:
        """As a call, again and again while the database is away: what is written must not be lost."""
        end = asyncio.get_running_loop().time() + DATABASE_PATIENCE
        while True:
            try:
                return await self(call, *args, **kwargs)
            except (DatabaseError, InterfaceError) as error:
                if asyncio.get_running_loop().time() > end:
                    raise
                logger.warning("The database did not take a change (%s); it is tried again.", error)
            await self(connections.close_all)
            await asyncio.sleep(0.5)

    async def close(self) -> None:
        await self(connections.close_all)
        self._thread.shutdown()


@asynccontextmanager
async def open_rows() -> AsyncIterator[Rows]:
    rows = Rows()
    try:
        yield rows
    finally:
        await rows.close()


class Together(Generic[Item, Answer]):
    """Changes that come while one is being written are written with the next, in one transaction."""

    def __init__(self, rows: Rows, write: Callable[[Sequence[Item]], Answer]) -> None:
        self._rows, self._write = rows, write
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Answer:
        """What the write of this item, and of others with it, answered."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._write_batch(batch)

    async def _write_batch(self, batch: list[tuple[Any, asyncio.Future[Answer]]]) -> None:
        try:
            answer = await self._rows.insist(self._write, [item for item, _ in batch])
        except Exception as error:  # whoever waits for it is told
            for _, future in batch:
                future.set_exception(error)
        else:
            for _, future in batch:
                future.set_result(answer)
