"""How does a result's file get here whole? From FAL's file hosts only, hop by hop, bounded in size and time."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urljoin

import aiohttp

from .answers import Download
from .errors import DownloadError, DownloadTimeout, FileGone, NotAFile, TooLarge, Truncated, UrlNotAllowed
from .hosts import FalHosts
from .sink import Sink
from .wire import NETWORK_ERRORS, Limits, Wire

MAX_FILE_BYTES = 200 << 20
_MOST_HOPS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({401, 403, 404, 410})
_PIECE_BYTES = 1 << 20


async def fetch_file(wire: Wire, hosts: FalHosts, url: str, path: Path, *, max_bytes: int) -> Download:
    """Try a few times; what may come later than that is raised with ``retryable``."""
    hosts.check_file_url(url)
    limits = wire.limits
    end = time.monotonic() + limits.download_seconds
    attempt = 1
    while True:
        pause = limits.download_pause_seconds * 2 ** (attempt - 1)
        try:
            return await _fetch_once(wire, hosts, url, path, max_bytes=max_bytes, end=end)
        except DownloadError as error:
            is_last = attempt >= limits.download_tries or time.monotonic() + pause >= end
            if is_last or not error.retryable or isinstance(error, DownloadTimeout | FileGone):
                raise
        await asyncio.sleep(pause)
        attempt += 1


async def _fetch_once(wire: Wire, hosts: FalHosts, url: str, path: Path, *, max_bytes: int, end: float) -> Download:
    async with AsyncExitStack() as stack:
        response = await _open(stack, wire, hosts, url)
        announced = response.content_length
        if announced is not None and announced > max_bytes:
            raise TooLarge(max_bytes)
        sink = Sink(path)
        stack.push_async_callback(asyncio.to_thread, sink.discard)  # does nothing once the file is complete
        pace = _Pace(wire.limits, end=end)
        while piece := await _read_piece(response, pace):
            if sink.size + len(piece) > max_bytes:
                raise TooLarge(max_bytes)
            await asyncio.to_thread(sink.write, piece)
        if announced is not None and sink.size != announced:
            raise Truncated(f"{sink.size} of {announced} bytes")
        if sink.looks_like_a_page:
            raise NotAFile("an HTML page")
        await asyncio.to_thread(sink.complete)
    return Download(
        path=path, size=sink.size, sha256=sink.sha256, content_type=response.headers.get("Content-Type", "")[:200],
        kind=sink.kind,
    )  # fmt: skip


async def _open(stack: AsyncExitStack, wire: Wire, hosts: FalHosts, url: str) -> aiohttp.ClientResponse:
    """The answer with the file, after the redirects, each of which is checked before it is followed."""
    for _ in range(_MOST_HOPS + 1):
        response = await _ask(stack, wire, url)
        location = response.headers.get("Location", "")
        if response.status not in _REDIRECTS:
            _check_answer(response)
            return response
        url = hosts.check_file_url(urljoin(url, location))
    raise UrlNotAllowed("too many redirects")


async def _ask(stack: AsyncExitStack, wire: Wire, url: str) -> aiohttp.ClientResponse:
    try:
        return await stack.enter_async_context(wire.get_file(url))
    except aiohttp.ConnectionTimeoutError as error:
        problem: DownloadError = _describe_trouble(type(error).__name__)
    except TimeoutError:
        problem = DownloadTimeout("no answer")
    except NETWORK_ERRORS as error:
        problem = _describe_trouble(type(error).__name__)
    raise problem


def _check_answer(response: aiohttp.ClientResponse) -> None:
    if response.status in _GONE:
        raise FileGone(response.status)
    if response.status != 200:
        raise _describe_trouble(f"HTTP {response.status}", http_status=response.status)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotAFile("packed without being asked")


async def _read_piece(response: aiohttp.ClientResponse, pace: _Pace) -> bytes:
    """About a megabyte, so that a thread is called for a good reason; empty at the end."""
    parts: list[bytes] = []
    size = 0
    while size < _PIECE_BYTES and (part := await pace.read(response.content)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


class _Pace:
    """Reads, and gives up on a file that comes more slowly than allowed over a window, or takes too long in all."""

    def __init__(self, limits: Limits, *, end: float) -> None:
        self._least, self._window = limits.slowest_bytes_per_second * limits.window_seconds, limits.window_seconds
        self._end, self._received = end, 0
        self._window_end = time.monotonic() + self._window

    async def read(self, stream: aiohttp.StreamReader) -> bytes:
        while True:
            remaining = self._check()
            try:
                async with asyncio.timeout(remaining):
                    part = await stream.readany()
            except aiohttp.ServerTimeoutError:
                raise DownloadTimeout("no bytes for a whole window") from None
            except TimeoutError:
                continue
            except NETWORK_ERRORS as error:
                raise Truncated(type(error).__name__) from None
            self._received += len(part)
            return part

    def _check(self) -> float:
        """Seconds until the next look at the speed."""
        now = time.monotonic()
        if now >= self._end:
            raise DownloadTimeout("the time for all of it is over")
        if now >= self._window_end:
            if self._received < self._least:
                raise DownloadTimeout(f"{self._received} bytes in {self._window:g} s")
            self._received, self._window_end = 0, now + self._window
        return min(self._window_end, self._end) - now


def _describe_trouble(detail: str, *, http_status: int | None = None) -> DownloadError:
    message = "FAL's file host is not available at the moment."
    return DownloadError("provider_unreachable", message, retryable=True, detail=detail, http_status=http_status)
