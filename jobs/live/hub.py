"""Who listens in this process, and what woke them? One Redis subscription, one database read for each change.

A doorbell carries only numbers; the row is read once and shared by all listeners of its topic. A lost doorbell
is healed by the next one or by the tick.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import redis.asyncio as redis_asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from redis.exceptions import RedisError

from jobs import events

logger = logging.getLogger(__name__)

TICK_SECONDS = 10  # a stream reads its row at least this often
RETRY_SECONDS = 2  # between two tries to reach Redis
LOOK_AROUND_SECONDS = 1  # how long the subscription outlives its last listener

Value = TypeVar("Value")


@dataclass(kw_only=True)
class Topic(Generic[Value]):
    """What the listeners of one job, or of one user's jobs, share."""

    listeners: int = 0
    stale: bool = True
    value: Value | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something changed: what was read is old, and whoever waits looks again."""
        self.stale = True
        self.changed.set()
        self.changed = asyncio.Event()

    async def read(self, look: Callable[[], Value]) -> Value | None:
        """The present value; read from the database once for all listeners."""
        async with self.lock:
            if self.stale:
                self.stale = False
                try:
                    self.value = await read_database(look)
                except BaseException:
                    self.stale = True
                    raise
            return self.value

    async def wait(self, bell: asyncio.Event) -> None:
        """Until ``bell``, taken before the last read, rings; or the tick."""
        try:
            async with asyncio.timeout(TICK_SECONDS):  # wait_for may swallow that its task was cancelled
                await bell.wait()
        except TimeoutError:
            self.stale = True


class Hub:
    """The topics of one event loop and the subscription that wakes them."""

    def __init__(self) -> None:
        self._topics: dict[Hashable, Topic[Any]] = {}
        self._task: asyncio.Task[None] | None = None

    def join(self, key: Hashable) -> Topic[Any]:
        """Begin to listen. Every ``join`` needs its ``leave``."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen())
        topic = self._topics.setdefault(key, Topic())
        topic.listeners += 1
        return topic

    def leave(self, key: Hashable) -> None:
        topic = self._topics[key]
        topic.listeners -= 1
        if not topic.listeners:
            del self._topics[key]

    async def _listen(self) -> None:
        """Until nobody listens any more. Never cancelled: the client swallows that while it connects."""
        while self._topics:
            try:
                await self._follow_redis()
            except (RedisError, OSError) as error:
                logger.warning("Live updates lost Redis (%s); streams look every %s s.", error, TICK_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow_redis(self) -> None:
        client = redis_asyncio.Redis.from_url(settings.REDIS_URL, health_check_interval=15)
        async with client, client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(events.CHANNEL)
            self._wake_all()  # whatever rang while nobody listened
            while self._topics:
                message = await subscription.get_message(timeout=LOOK_AROUND_SECONDS)
                if message is not None:
                    self._ring(json.loads(message["data"]))

    def _wake_all(self) -> None:
        for topic in list(self._topics.values()):
            topic.wake()

    def _ring(self, bell: dict[str, Any]) -> None:
        for key in (bell["job"], bell["owner"]):
            if topic := self._topics.get(key):
                topic.wake()


async def read_database(look: Callable[[], Value]) -> Value:
    """Run a look-up in a thread of its own and leave no connection behind: a stream may be open for hours."""

    def look_and_close() -> Value:
        try:
            return look()
        finally:
            connections.close_all()

    return await sync_to_async(look_and_close, thread_sensitive=False)()


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def find_hub() -> Hub:
    """The hub of the running loop."""
    loop = asyncio.get_running_loop()
    for other in [other for other in _hubs if other.is_closed()]:
        del _hubs[other]
    return _hubs.setdefault(loop, Hub())
