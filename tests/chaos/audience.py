"""Who listens while the web process dies? Event sources and websockets that come again, as browsers' do.

Each begins anew with the id of the last frame that it heard, and stops when it is told 204: nothing more will come.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import websockets

from tests.chaos.client import TERMINAL

RETRY_SECONDS = 0.5  # until the server has said otherwise
LAST_SECONDS = 10.0
NORMAL = 1000
LAST_CHUNK = "0\r\n"
LONGEST_LINE = 1 << 22


@dataclass(kw_only=True)
class Listener:
    """One who follows a job, or all jobs of a user, until the end."""

    url: str
    path: str
    api_key: str
    transport: str = "sse"
    frames: list[dict[str, Any]] = field(default_factory=list)
    begun_after: list[int] = field(default_factory=list)  # each connection's Last-Event-ID, 0 for none
    connections: int = 0  # that were let in
    refusals: list[int] = field(default_factory=list)  # statuses other than 200 and 204
    is_open: bool = False
    is_over: bool = False
    retry: float = RETRY_SECONDS

    @property
    def last_id(self) -> int:
        return int(self.frames[-1]["id"]) if self.frames else 0

    async def listen(self) -> None:
        while not self.is_over:
            with suppress(OSError, asyncio.IncompleteReadError, websockets.WebSocketException, TimeoutError):
                await (self._listen_once() if self.transport == "sse" else self._listen_by_socket())
            self.is_open = False
            if not self.is_over:
                await asyncio.sleep(self.retry)  # as the server asked for

    async def _listen_once(self) -> None:
        place = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=LONGEST_LINE)
        try:
            writer.write(self._build_head(str(place.netloc)))
            status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
            self._note_answer(status)
            if status == 200:
                await self._read_frames(reader)
        finally:
            writer.transport.abort()

    def _build_head(self, host: str) -> bytes:
        position = f"Last-Event-ID: {self.last_id}\r\n" if self.frames else ""
        self.begun_after.append(self.last_id)
        credentials = f"Authorization: Bearer {self.api_key}\r\n"
        return f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\n{credentials}{position}\r\n".encode()

    def _note_answer(self, status: int) -> None:
        self.is_open, self.is_over = status == 200, status == 204
        self.connections += status == 200
        if status not in (200, 204):
            self.refusals.append(status)

    async def _read_frames(self, reader: asyncio.StreamReader) -> None:
        """Until the connection ends, in whatever way."""
        told: dict[str, str] = {}
        while (line := (await reader.readline()).decode()) not in ("", LAST_CHUNK):
            name, _, value = line.rstrip("\r\n").partition(": ")
            if name == "retry":
                self.retry = int(value) / 1000
            elif name in ("id", "event", "data"):
                told[name] = value
            elif not name and "data" in told:
                self.frames.append({"id": int(told["id"]), "event": told["event"], "data": json.loads(told["data"])})
                told = {}

    async def _listen_by_socket(self) -> None:
        address = f"{self.url.replace('http', 'ws', 1)}{self.path}?last_event_id={self.last_id}"
        headers = {"Authorization": f"Bearer {self.api_key}"}
        self.begun_after.append(self.last_id)
        async with websockets.connect(address, additional_headers=headers, proxy=None) as connection:
            self.is_open, self.connections = True, self.connections + 1
            async for message in connection:
                self.frames.append(json.loads(message))
        self.is_over = connection.close_code == NORMAL

    def tell(self) -> str:
        heard = [(frame["id"], frame["data"].get("status")) for frame in self.frames[-5:]]
        return f"{self.transport} {self.path}: {self.connections} connections, {self.refusals}, {heard}"


class Audience:
    """Listeners on an event loop of their own, beside the test."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="audience", daemon=True)
        self._thread.start()
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, listeners: Sequence[Listener]) -> None:
        self.listeners += listeners
        asyncio.run_coroutine_threadsafe(self._start(listeners), self._loop).result(LAST_SECONDS)

    async def _start(self, listeners: Sequence[Listener]) -> None:
        self._tasks += [asyncio.create_task(each.listen()) for each in listeners]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(LAST_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LAST_SECONDS)
        self._loop.close()

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        found = await asyncio.gather(*self._tasks, return_exceptions=True)
        for failure in found:
            if isinstance(failure, Exception):
                raise failure

    def tell(self) -> str:
        """Of those who still wait."""
        return "\n".join(each.tell() for each in self.listeners if not each.is_over)


def find_broken(listener: Listener) -> list[str]:
    """What no listener may see, however often the server died: a step back, a lost frame, a wrong beginning."""
    ids = [frame["id"] for frame in listener.frames]
    broken = [] if ids == sorted(set(ids)) else [f"numbers went back: {ids}"]
    if listener.begun_after != sorted(listener.begun_after):
        broken.append(f"it began at {listener.begun_after}")
    jobs: dict[str, tuple[str, int]] = {}
    for told in (frame["data"] for frame in listener.frames):
        job = told["job_id"]
        status, progress = jobs.get(job, ("", 0))
        if told["progress"] < progress:
            broken.append(f"progress of {job} fell from {progress} to {told['progress']}")
        if status in TERMINAL and told["status"] != status:
            broken.append(f"{job} was {status} and became {told['status']}")
        jobs[job] = (told["status"], told["progress"])
    return broken
