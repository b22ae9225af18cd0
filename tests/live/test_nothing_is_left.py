"""What do listeners leave in the process when they have gone, in whatever way? No task, thread, file, subscription."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from django.conf import settings

from image2model.asgi import application
from jobs import events
from jobs.live import doors, hub, sse, websocket
from jobs.services import runs
from jobs.states import Stage
from tests.factories import claim, make_job
from tests.live.client import PATIENCE, bearer, make_scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
AT_ONCE = 20
WARM_UP, MANY, A_GREAT_MANY = 100, 400, 10_000
OF_LISTENERS = (hub.Topic, sse.StreamRequest, websocket.StreamConsumer, doors.Listener)


class Visitor:
    """One connection, as a server hands it to the application."""

    def __init__(self, path: str, key: dict[str, str], *, kind: str) -> None:
        self.scope = make_scope(path, key, kind=kind)
        self.left, self.heard = asyncio.Event(), asyncio.Event()
        self._is_new = kind == "websocket"

    async def receive(self) -> dict[str, Any]:
        if self._is_new:
            self._is_new = False
            return {"type": "websocket.connect"}
        await self.left.wait()
        return {"type": f"{self.scope['type']}.disconnect", "code": 1006}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] in ("http.response.body", "websocket.send", "websocket.close"):
            self.heard.set()

    async def come_and_go(self, *, listens: bool) -> None:
        app = asyncio.create_task(application(self.scope, self.receive, self.send))
        if listens:
            await asyncio.wait_for(self.heard.wait(), PATIENCE)
        self.left.set()
        await asyncio.wait_for(app, PATIENCE)


class CutOff(Visitor):
    """The server stops: what runs for a connection is cancelled."""

    async def come_and_go(self, *, listens: bool) -> None:
        app = asyncio.create_task(application(self.scope, self.receive, self.send))
        await asyncio.wait_for(self.heard.wait(), PATIENCE)
        app.cancel()
        with suppress(asyncio.CancelledError):
            await app


@dataclass(frozen=True, kw_only=True)
class Held:
    """What there is now, beside the test itself."""

    tasks: int
    threads: int
    descriptors: int
    subscriptions: int
    streams: int
    topics: int
    objects: Counter[str]  # those of an earlier test, which something may still hold, are counted, too


async def look() -> Held:
    gc.collect()
    kinds = Counter(type(each).__name__ for each in gc.get_objects() if issubclass(type(each), OF_LISTENERS))
    return Held(
        tasks=len(asyncio.all_tasks()),
        threads=threading.active_count(),
        descriptors=len(os.listdir("/proc/self/fd")),
        subscriptions=await asyncio.to_thread(count_subscriptions),
        streams=doors.count_open_streams(),
        topics=len(hub.find_hub()._topics),
        objects=kinds,
    )


def count_subscriptions() -> int:
    with closing(redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)) as client:
        return int(client.pubsub_numsub(events.CHANNEL)[0][1])


async def wait_for_quiet() -> Held:
    """The subscription ends a moment after its last listener."""
    async with asyncio.timeout(PATIENCE):
        while hub.find_hub()._task is not None and not hub.find_hub()._task.done():
            await asyncio.sleep(0.05)  # the pace of looking
        while (held := await look()).subscriptions or held.streams:
            await asyncio.sleep(0.05)  # the pace of looking
    return held


def list_ways(job: Any, key: dict[str, str]) -> list[Callable[[], Awaitable[None]]]:
    """Everybody who may come, and how they go: heard and left, left before the answer, cut off, refused."""
    one, everything, socket, sockets = (
        f"/api/v1/jobs/{job.pk}/events", "/api/v1/events", f"/ws/jobs/{job.pk}/", "/ws/jobs/",
    )  # fmt: skip
    ways: list[Callable[[], Awaitable[None]]] = []
    for path, kind in ((one, "http"), (everything, "http"), (socket, "websocket"), (sockets, "websocket")):
        ways += [
            lambda path=path, kind=kind: Visitor(path, key, kind=kind).come_and_go(listens=True),
            lambda path=path, kind=kind: Visitor(path, key, kind=kind).come_and_go(listens=False),
            lambda path=path, kind=kind: CutOff(path, key, kind=kind).come_and_go(listens=True),
            lambda path=path, kind=kind: Visitor(path, {}, kind=kind).come_and_go(listens=True),
        ]
    return ways


async def come(ways: list[Callable[[], Awaitable[None]]], *, number: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(way: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await way()

    await asyncio.gather(*(one(ways[turn % len(ways)]) for turn in range(number)))


@pytest.mark.parametrize(
    "number", [MANY, pytest.param(A_GREAT_MANY, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])]
)
async def test_it_works(alice, settings, number: int):
    settings.MAX_STREAMS = 2 * AT_ONCE
    job = await sync_to_async(make_job)(alice)
    generation = await sync_to_async(claim)(job)
    ways = list_ways(job, await sync_to_async(bearer)(alice))
    await come(ways, number=WARM_UP)
    before = await wait_for_quiet()

    busy = asyncio.create_task(come(ways, number=number))
    percent = 0
    while not busy.done():  # doorbells ring meanwhile
        percent = min(99, percent + 1)
        await sync_to_async(runs.record_progress)(generation, stage=Stage.GENERATING, percent=percent)
        await asyncio.wait({busy}, timeout=0.2)
    await busy

    after = await wait_for_quiet()
    assert not after.objects - before.objects
    assert (after.tasks, after.subscriptions, after.streams, after.topics) == (before.tasks, 0, 0, 0)
    assert after.threads <= before.threads + 2  # a pool may still grow to its size
    assert after.descriptors <= before.descriptors + 2


async def test_it_would_be_seen(alice):
    """Somebody who stays is a task, a subscription, a place and objects more."""
    job = await sync_to_async(make_job)(alice)
    before = await wait_for_quiet()
    visitor = Visitor(f"/api/v1/jobs/{job.pk}/events", await sync_to_async(bearer)(alice), kind="http")
    stays = asyncio.create_task(visitor.come_and_go(listens=True))
    stays_on = Visitor(f"/ws/jobs/{job.pk}/", await sync_to_async(bearer)(alice), kind="websocket")
    app = asyncio.create_task(application(stays_on.scope, stays_on.receive, stays_on.send))
    await asyncio.wait_for(stays_on.heard.wait(), PATIENCE)
    await stays
    async with asyncio.timeout(PATIENCE):
        while not (held := await look()).subscriptions:
            await asyncio.sleep(0.05)  # the pace of looking
    assert held.tasks > before.tasks
    assert (held.streams, held.topics) == (1, 1)
    more = held.objects - before.objects
    assert more["Topic"] == more["JobConsumer"] == 1
    stays_on.left.set()
    await asyncio.wait_for(app, PATIENCE)
    assert not (await wait_for_quiet()).objects - before.objects
