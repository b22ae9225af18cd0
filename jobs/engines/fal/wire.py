"""How does one HTTP call to FAL go? Bounded in time and size, never redirected, and the key never comes back out."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from .errors import NotSent, OutcomeUnknown, Transient
from .hosts import is_loopback_host
from .reading import Answer
from .secret import Secret

NETWORK_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)
_MOST_ANSWER_BYTES = 16 << 20
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "image2model"}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long things may take, and how slowly a file may come."""

    connect_seconds: float = 10.0
    submit_seconds: float = 120.0  # patient: giving up too early leaves an unknown outcome
    answer_seconds: float = 30.0  # status, result, cancel, token, history, prices
    upload_seconds: float = 30.0  # of silence, for each of the library's tries
    download_seconds: float = 300.0  # all tries together
    download_tries: int = 3
    download_pause_seconds: float = 1.0  # before the second try; doubles
    slowest_bytes_per_second: int = 10 * 1024
    window_seconds: float = 30.0  # over which the slowest speed is measured


@dataclass(kw_only=True)
class Seen:
    """What came of a call: the HTTP status, or the name of what went wrong."""

    outcome: str = "ok"


Observe = Callable[[str, str, float], None]  # operation, outcome, seconds
NameRequest = Callable[[], str]  # the id of the request for which this is done; empty where there is none


class Wire:
    """The connections of one event loop: a pool for what may be repeated, a fresh connection for each submit."""

    def __init__(
        self, key: Secret, *, limits: Limits, observe: Observe | None = None, name_request: NameRequest | None = None
    ) -> None:
        self.limits = limits
        self._observe = observe
        self._name_request = name_request
        self._key = key
        self._pool: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None
        self._find_proxy = cache(find_proxy)

    async def open(self) -> None:
        context = trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        self._pool = make_session(aiohttp.TCPConnector(ssl=context, limit=100))
        # A pooled connection may have been closed by FAL a moment ago: the POST would be lost and nobody could say
        # whether FAL had read it. A new one costs a handshake and keeps "not sent" and "unknown" apart.
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_note_connection)
        self._fresh = make_session(aiohttp.TCPConnector(ssl=context, limit=0, force_close=True), trace)

    async def close(self) -> None:
        for session in (self._pool, self._fresh):
            if session is not None:
                await session.close()

    async def call(self, method: str, url: str, *, operation: str, body: Any = None) -> Answer:
        """A call with the key that may be made any number of times; raises ``Transient`` without an answer."""
        timeout = self._limit_time(self.limits.answer_seconds)
        try:
            with self.measure(operation) as seen:
                async with self._request(self._pool, method, url, body=body, timeout=timeout) as response:
                    seen.outcome = str(response.status)
                    return await self._read(response)
        except NETWORK_ERRORS as error:
            reason = type(error).__name__
        raise Transient("provider_unreachable", "FAL cannot be reached.", retryable=True, detail=reason)

    async def post_once(self, url: str, *, body: Any, headers: Mapping[str, str]) -> Answer:
        """One POST that is never repeated; raises ``NotSent`` or ``OutcomeUnknown`` without an answer."""
        progress = SimpleNamespace(is_connected=False)
        timeout = self._limit_time(self.limits.submit_seconds)
        try:
            with self.measure("submit") as seen:
                async with self._request(
                    self._fresh, "POST", url, body=body, headers=headers, timeout=timeout, progress=progress
                ) as response:
                    seen.outcome = str(response.status)
                    return await self._read(response)
        except NETWORK_ERRORS as error:
            reason = type(error).__name__
        if not progress.is_connected:
            raise NotSent("provider_unreachable", "FAL cannot be reached.", retryable=True, detail=reason)
        raise OutcomeUnknown("provider_outcome_unknown", UNKNOWN_MESSAGE, hint=UNKNOWN_HINT, detail=reason)

    @contextmanager
    def measure(self, operation: str) -> Iterator[Seen]:
        """Tells the observer how long it took and what came of it."""
        seen, began = Seen(), time.perf_counter()
        try:
            yield seen
        except BaseException as error:
            seen.outcome = type(error).__name__
            raise
        finally:
            if self._observe is not None:
                self._observe(operation, seen.outcome, time.perf_counter() - began)

    @asynccontextmanager
    async def get_file(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """A file's answer, unread, without the key; the caller has checked the address."""
        limits = self.limits
        timeout = aiohttp.ClientTimeout(total=None, connect=limits.connect_seconds, sock_read=limits.window_seconds)
        pool = _get_open(self._pool)
        async with pool.get(
            URL(url, encoded=url.isascii()),
            headers={**HEADERS, **list_origin(self._name_request)},
            allow_redirects=False,
            timeout=timeout,
            proxy=self._find_proxy(URL(url).origin()),
        ) as response:
            yield response

    @asynccontextmanager
    async def _request(
        self, session: aiohttp.ClientSession | None, method: str, url: str, *, body: Any,
        timeout: aiohttp.ClientTimeout, headers: Mapping[str, str] | None = None, progress: Any = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        data = None if body is None else json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
        sent = {**HEADERS, **list_origin(self._name_request), **(headers or {})}
        sent["Authorization"] = f"Key {self._key.reveal()}"
        if data is not None:
            sent["Content-Type"] = "application/json"
        async with _get_open(session).request(
            method, URL(url, encoded=True), data=data, headers=sent, allow_redirects=False, timeout=timeout,
            proxy=self._find_proxy(URL(url).origin()), trace_request_ctx=progress,
        ) as response:  # fmt: skip
            yield response

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise aiohttp.ClientPayloadError("packed without being asked")
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > _MOST_ANSWER_BYTES:
                raise aiohttp.ClientPayloadError("too long")
            parts.append(part)
        headers = {name.lower(): self._key.scrub_text(value) for name, value in response.headers.items()}
        return Answer(response.status, headers, self._key.scrub(b"".join(parts)))

    def _limit_time(self, seconds: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=seconds, connect=min(self.limits.connect_seconds, seconds))


UNKNOWN_MESSAGE = "It is not known whether FAL took the request."
UNKNOWN_HINT = "It is not sent again by itself, so that nothing is paid twice."


def list_origin(name_request: NameRequest | None) -> dict[str, str]:
    """So that FAL's own logs can be read beside ours."""
    request_id = name_request() if name_request else ""
    return {"X-Request-ID": request_id} if request_id else {}


@cache
def trust(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Whom OpenSSL trusts with these variables, read once: that takes longer than a call. aiohttp's own was made at
    import, perhaps before they were set.
    """
    return ssl.create_default_context()


def make_session(connector: aiohttp.TCPConnector, *traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # nothing packed is asked for, so nothing can be a bomb
        trace_configs=list(traces),
    )


async def _note_connection(
    session: aiohttp.ClientSession, context: SimpleNamespace, parameters: aiohttp.TraceConnectionCreateEndParams
) -> None:
    """Through proxy and TLS: from here on bytes may have reached FAL."""
    context.trace_request_ctx.is_connected = True


def _get_open(session: aiohttp.ClientSession | None) -> aiohttp.ClientSession:
    if session is None:
        raise RuntimeError("use the client as `async with FalClient(…) as fal`")
    return session


def find_proxy(url: URL) -> str | None:
    """The proxy of the environment. aiohttp's ``trust_env`` would also read ~/.netrc, for every call."""
    host = url.host or ""
    return None if is_loopback_host(host) or proxy_bypass(host) else getproxies().get(url.scheme)
