"""How does the watcher follow what is at FAL? In a thread with an event loop beside its sweeps, for one slice."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.engines.fal import AccountProblem, FalClient, FalError
from jobs.fal.client import open_client
from jobs.fal.follower import TICK_SECONDS, Follower
from jobs.fal.rows import Rows, open_rows
from jobs.services import remote_copies
from jobs.services.fal import breaker, provider

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
PAUSE_SECONDS = 1.0  # after a failure
PROBE_LOOK_SECONDS = 1.0
COPIES_AT_ONCE = 5


@contextmanager
def follow_beside() -> Iterator[None]:
    """Follow until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(follow(over)), name="follower")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def follow(over: threading.Event) -> None:
    """Everything that is at FAL, until ``over`` is set. A failure, as of the database, only makes it begin anew."""
    while await _follow_until_it_fails(over) and not over.is_set():
        await asyncio.sleep(PAUSE_SECONDS)


async def _follow_until_it_fails(over: threading.Event) -> bool:
    """Is it worth another try in this slice?"""
    async with open_rows() as rows:
        try:
            async with open_client() as client:
                await rows(provider.publish_offer)
                await _follow(client, rows, over)
        except AccountProblem as error:
            await rows(breaker.pause, error.reason, message=error.message)
        except Exception:
            logger.exception("Following FAL stopped; it begins anew.")
            return True
    return False


async def _follow(client: FalClient, rows: Rows, over: threading.Event) -> None:
    follower, probe_at = Follower(client, rows), 0.0
    while not over.is_set():
        await follower.tick()
        if time.monotonic() >= probe_at:
            probe_at = time.monotonic() + PROBE_LOOK_SECONDS
            await probe(client, rows)
            await delete_remote_copies(client, rows)
        await asyncio.sleep(IDLE_SECONDS if follower.is_idle else TICK_SECONDS)
    await follower.finish()


async def delete_remote_copies(client: FalClient, rows: Rows) -> None:
    """What was deleted here goes at FAL, too."""
    for request_id in await rows(remote_copies.take_remote_copies, at_most=COPIES_AT_ONCE):
        try:
            await client.delete_result(request_id)
        except FalError as error:
            logger.info("FAL has not deleted the result of %s yet: %s", request_id, error.detail)
        else:
            await rows(remote_copies.forget_remote_copy, request_id)


async def probe(client: FalClient, rows: Rows) -> None:
    """Ask whether FAL is there again, when it is time to."""
    if not await rows(breaker.begin_probe):
        return
    try:
        await client.probe()
    except AccountProblem as error:
        await rows(breaker.pause, error.reason, message=error.message)
    except FalError as error:
        logger.info("FAL is still away: %s", error.detail)
    else:
        await rows(breaker.end_probe)
