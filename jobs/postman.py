"""Who carries the webhooks out? One thread beside the watching, with one event loop and a few calls at a time."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import aiohttp
from django.conf import settings
from django.db import DatabaseError, connections

from image2model.version import VERSION
from jobs.egress.posting import NoReplyError, Reply, open_session, post
from jobs.services.webhooks.budgets import note_budgets
from jobs.services.webhooks.delivering import Outcome, Try, claim_next, record
from jobs.signatures import list_headers

logger = logging.getLogger(__name__)

AT_ONCE = 6
PACE_SECONDS = 1.0  # between two looks into the outbox
RETRY_SECONDS = 5.0  # when the database cannot be reached
BUDGET_SECONDS = 30.0  # between two looks at the budgets

Answer = TypeVar("Answer")

_thread: threading.Thread | None = None


def work_beside(stopping: threading.Event) -> None:
    """Begin in a thread of its own, if it has not begun; it ends with the process or when this is asked to stop."""
    global _thread
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=work, args=(stopping,), name="postman", daemon=True)
        _thread.start()


def work(stopping: threading.Event) -> None:
    asyncio.run(Postman(stopping).run())


class Postman:
    """Empties the outbox until it is told to stop. Two at once are harmless: deliveries are leased."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._rows = ThreadPoolExecutor(max_workers=1, thread_name_prefix="postman-rows")
        self._under_way: set[asyncio.Task[None]] = set()
        self._budgets_at = 0.0

    async def run(self) -> None:
        async with open_session(allow_private=settings.ALLOW_PRIVATE_WEBHOOKS, limit=AT_ONCE) as session:
            try:
                while not self._stopping.is_set():
                    await self._step(session)
            finally:
                await self._give_up()
        await asyncio.sleep(0)  # connections that were cut off are closed in the loop's next turn

    async def _give_up(self) -> None:
        """What is under way is sent again once its lease has run out."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._rows.shutdown()

    async def _step(self, session: aiohttp.ClientSession) -> None:
        pause = PACE_SECONDS
        try:
            await self._look_at_budgets()
            while len(self._under_way) < AT_ONCE and (sent := await self._in_rows(claim_next)) is not None:
                self._under_way.add(asyncio.create_task(self._deliver(session, sent)))
        except DatabaseError as error:
            logger.warning("Webhooks wait for the database: %s", error)
            pause = RETRY_SECONDS
        await self._wait(pause)

    async def _wait(self, pause: float) -> None:
        """Until one of those under way is done, or it is time to look again."""
        if not self._under_way:
            await asyncio.sleep(pause)
            return
        done, self._under_way = await asyncio.wait(self._under_way, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _look_at_budgets(self) -> None:
        if time.monotonic() >= self._budgets_at:
            await self._in_rows(note_budgets)
            self._budgets_at = time.monotonic() + BUDGET_SECONDS

    async def _deliver(self, session: aiohttp.ClientSession, sent: Try) -> None:
        outcome = await send(session, sent)
        try:
            await self._in_rows(lambda: record(sent, outcome=outcome))
        except DatabaseError as error:
            logger.warning("The webhook %s may be sent twice: %s", sent.event_id, error)

    async def _in_rows(self, work: Callable[[], Answer]) -> Answer:
        """Rows are read and written by one thread, which holds a connection no longer than it needs."""

        def work_and_close() -> Answer:
            try:
                return work()
            finally:
                connections.close_all()

        return await asyncio.get_running_loop().run_in_executor(self._rows, work_and_close)


async def send(session: aiohttp.ClientSession, sent: Try) -> Outcome:
    """One try. Nothing goes out unsigned."""
    if not sent.secrets:
        return Outcome(error="The signing secret cannot be read any more: make a new one.")
    signed = list_headers(sent.body, webhook_id=sent.event_id, timestamp=int(time.time()), signed_with=sent.secrets)
    headers = {"Content-Type": "application/json", "User-Agent": f"Image2Model/{VERSION}", **signed}
    try:
        reply = await post(
            session, sent.url, body=sent.body, headers=headers, allow_private=settings.ALLOW_PRIVATE_WEBHOOKS
        )
    except NoReplyError as error:
        return Outcome(error=str(error))
    return Outcome(
        status=reply.status,
        text=reply.body.decode("utf-8", "replace"),
        error="" if 200 <= reply.status < 300 else _say(reply),
        retry_after=_read_retry_after(reply),
    )


def _say(reply: Reply) -> str:
    if 300 <= reply.status < 400:
        return f"Answered {reply.status}: redirects are not followed."
    return f"Answered {reply.status}."


def _read_retry_after(reply: Reply) -> int:
    text = reply.headers.get("Retry-After", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
