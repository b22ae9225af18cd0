"""Who notices a release? Visitors at a steady pace, each request counted, and streams that connect again."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.factories import make_picture
from tests.production.host import Host
from tests.running import wait_until

REQUESTS_PER_SECOND = 20
AT_ONCE = 24  # a machine that cannot keep up gets fewer requests, not a crowd that nobody would send it
RECONNECT_SECONDS = 3  # what our streams tell browsers


@dataclass
class Visitors:
    """A thread with an event loop of its own; ``failures`` says what anybody saw that was not an answer."""

    host: Host
    answers: Counter[int] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    longest_gap: float = 0.0  # of a stream that wants to stay open; counted while it lasts, too
    connections: int = 0
    is_following: bool = False
    jobs: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Visitors:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._visit()))
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.seconds = time.monotonic() - self._began

    async def _visit(self) -> None:
        stream = asyncio.create_task(self._follow())
        places = asyncio.Semaphore(AT_ONCE)
        tasks: set[asyncio.Task[None]] = set()
        number, began = 0, time.monotonic()
        while not self._over.is_set():
            await places.acquire()
            task = asyncio.create_task(self._ask(number))
            task.add_done_callback(lambda _: places.release())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
            await asyncio.sleep(max(0.0, began + number / REQUESTS_PER_SECOND - time.monotonic()))
        await asyncio.gather(*tasks)
        stream.cancel()
        with suppress(asyncio.CancelledError):
            await stream

    def _client(self, **options: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.host.key}"}
        return httpx.AsyncClient(
            base_url=self.host.url, verify=self.host.trusted, headers=headers, timeout=60, **options
        )

    async def _ask(self, number: int) -> None:
        """Each over a connection of its own: nobody else's trouble hides one's own."""
        began = time.monotonic()
        try:
            async with self._client() as client:
                answer = await self._choose(client, number)
        except httpx.TransportError as error:
            self.failures.append(f"{time.monotonic() - self._began:.1f} s: request {number}: {error!r}")
            return
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.answers[answer.status_code] += 1
        if answer.status_code != 200:
            told = f"{answer.status_code} {answer.request.url.path} {answer.text[:200]}"
            self.failures.append(f"{time.monotonic() - self._began:.1f} s: request {number}: {told}")
        elif number % 4 == 0:
            self.versions[answer.json()["version"]] += 1

    async def _choose(self, client: httpx.AsyncClient, number: int) -> httpx.Response:
        if number % 100 == 7:
            answer = await client.post("/api/v1/upload", files=[("files", ("a.png", make_picture(number)))])
            if answer.status_code == 200:
                self.jobs.append(answer.json()["job_id"])
            return answer
        return await client.get(("/health", "/", "/api/v1/jobs?limit=5", "/api/v1/models/available")[number % 4])

    async def _follow(self) -> None:
        """As a browser's EventSource does: connect again after what the stream said."""
        lost: float | None = None
        while True:
            try:
                async with self._client() as client, client.stream("GET", "/api/v1/events") as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("retry:"):
                            self.connections += 1
                            self._note_gap(lost)
                            self.is_following, lost = True, None
                        assert not line.startswith("data:") or json.loads(line[5:])
            except httpx.TransportError:
                pass  # cut, or nobody there: the gap tells
            self.is_following, lost = False, lost or time.monotonic()
            await asyncio.sleep(RECONNECT_SECONDS)
            self._note_gap(lost)

    def _note_gap(self, lost: float | None) -> None:
        if lost is not None:
            self.longest_gap = max(self.longest_gap, time.monotonic() - lost)

    def wait_for_stream(self, *, connections: int) -> None:
        """It was cut when the old slot ended; whoever left at once would not see whether it comes back."""
        wait_until(lambda: self.is_following and self.connections >= connections, what="the stream")
