"""What stands between a process and its servers when the network is bad? A TCP proxy whose weather a test changes.

The words are those of Toxiproxy: latency with jitter, bandwidth, black hole, reset, limit_data, slicer, down.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.servers import find_free_port

_CHUNK = 64 * 1024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 seconds: close() sends RST


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What happens to every connection, old and new. Nothing, unless said otherwise."""

    latency: float = 0.0  # seconds before each piece, in both directions
    jitter: float = 0.0  # up to so many seconds more
    bandwidth: int = 0  # bytes per second; 0 is no limit
    slice_bytes: int = 0  # pieces no larger than this; 0 leaves them as they come
    black_hole: bool = False  # connections are taken, nothing goes through
    reset: bool = False  # connections end with RST as soon as something is said
    limit_data: int | None = None  # bytes of the answer that go through before RST
    down: bool = False  # nobody listens


FINE = Weather()


@dataclass
class Proxy:
    """Forwards one loopback port to another address, in a thread of its own."""

    target: tuple[str, int]
    seed: int = 0
    port: int = field(default_factory=find_free_port)
    weather: Weather = FINE
    connections: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._do(self._listen)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._writers) // 2

    def set(self, **weather: Any) -> None:
        """From now on the network is so. What goes through no longer is cut at once."""
        self.weather = Weather(**weather)
        self._do(self._change)

    def clear(self) -> None:
        self.set()

    def cut(self) -> None:
        """End every connection with RST now; new ones are welcome."""
        self._do(self._reset_all)

    def close(self) -> None:
        self._do(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, action: Callable[[], Any]) -> None:
        async def act() -> None:
            if asyncio.iscoroutine(done := action()):
                await done

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _change(self) -> None:
        if self.weather.down or self.weather.reset:
            self._reset_all()
        if self.weather.down and self._server is not None:
            self._server.close()
            self._server = None
        elif not self.weather.down and self._server is None:
            await self._listen()

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        self._reset_all()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection(*self.target)
        except OSError:
            self._forget(writer)
            return
        self._writers.add(back)
        with suppress(asyncio.CancelledError):  # the proxy is being closed
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer, is_answer=True))
        self._forget(writer)
        self._forget(back)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool = False) -> None:
        passed = 0
        try:
            while piece := await source.read(self.weather.slice_bytes or _CHUNK):
                await self._hold_up(len(piece))
                limit = self.weather.limit_data if is_answer else None
                if not self.weather.reset:
                    sink.write(piece if limit is None else piece[: max(0, limit - passed)])
                passed += len(piece)
                await sink.drain()
                if self.weather.reset or (limit is not None and passed >= limit):
                    raise ConnectionResetError
            if sink.can_write_eof():
                sink.write_eof()
        except OSError:
            for end in (source, sink):
                _reset(end)

    async def _hold_up(self, size: int) -> None:
        weather = self.weather
        if weather.latency or weather.jitter:
            await asyncio.sleep(weather.latency + self._dice.uniform(0, weather.jitter))
        if weather.bandwidth:
            await asyncio.sleep(size / weather.bandwidth)
        while self.weather.black_hole:
            await asyncio.sleep(0.02)  # until the weather changes or the connection is cut

    def _forget(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()


def _reset(end: asyncio.StreamReader | asyncio.StreamWriter) -> None:
    """An end that the other side hears as RST."""
    transport = end.transport if isinstance(end, asyncio.StreamWriter) else end._transport  # type: ignore[attr-defined]
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


@contextmanager
def run_proxy(host: str, port: int, *, seed: int = 0) -> Iterator[Proxy]:
    proxy = Proxy((host, port), seed=seed)
    try:
        yield proxy
    finally:
        proxy.close()
