"""Which keys sign FAL's webhooks? The published ones, kept for a day in the caller's cache, with limits on both."""

from __future__ import annotations

import base64
import binascii
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import aiohttp
from yarl import URL

from jobs.errors import JobError

from .hosts import FalHosts
from .wire import HEADERS, NETWORK_ERRORS, find_proxy, make_session

_LAST_SECONDS = 24 * 3600.0
_REFRESH_SECONDS = 300.0  # anybody can send a bad signature: it may not make us ask FAL more often
_RETRY_SECONDS = 10.0  # after FAL did not hand out its keys
_MOST_KEYS = 20
_MOST_BYTES = 64 << 10
_KEY_BYTES = 32
_FETCH_SECONDS = 5.0  # the sender waits 15 s for our answer


class WebhookRefused(JobError):
    """A webhook that is not believed, or cannot be checked now."""


@dataclass(frozen=True, kw_only=True)
class KeySet:
    """FAL's public keys, raw and in hexadecimal, so that any cache can hold them."""

    keys: tuple[str, ...] = ()
    fetched_at: float = 0.0
    asked_at: float = 0.0  # when FAL was last asked, also in vain

    def is_current(self, now: float) -> bool:
        return bool(self.fetched_at) and now - self.fetched_at <= _LAST_SECONDS

    def may_be_refreshed(self, now: float) -> bool:
        return now - self.asked_at >= _REFRESH_SECONDS


class KeyCache(Protocol):
    """Where the caller keeps the keys between webhooks."""

    def get(self) -> KeySet | None: ...

    def set(self, keys: KeySet) -> None: ...


FetchKeys = Callable[[], Awaitable[tuple[str, ...] | None]]


async def fetch_keys(hosts: FalHosts | None = None) -> tuple[str, ...] | None:
    """The usable keys that FAL publishes; ``None`` when it does not answer. Needs no FAL key."""
    url = (hosts or FalHosts()).webhook_keys_url
    timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    try:
        async with (
            make_session(connector) as session,
            session.get(
                url, headers=HEADERS, allow_redirects=False, proxy=find_proxy(URL(url)), timeout=timeout
            ) as response,
        ):
            if response.status != 200:
                return None
            body = b""
            async for part in response.content.iter_any():
                body += part
                if len(body) > _MOST_BYTES:
                    return ()
            return parse_keys(body)
    except NETWORK_ERRORS:
        return None


def parse_keys(document: bytes) -> tuple[str, ...]:
    """The Ed25519 keys of a JWKS; none at all of a document that is too large or too long to be FAL's."""
    try:
        entries = json.loads(document)["keys"] if len(document) <= _MOST_BYTES else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    if not isinstance(entries, list) or len(entries) > _MOST_KEYS:
        return ()
    return tuple(key for entry in entries if (key := _read_key(entry)))


async def load_keys(cache: KeyCache, *, fetch: FetchKeys, now: float | None = None) -> KeySet:
    """The cached keys, or new ones when there are none or they are a day old; raises when FAL hands out none."""
    now = time.time() if now is None else now
    cached = cache.get() or KeySet()
    if cached.is_current(now):
        return cached
    if 0 <= now - cached.asked_at < _RETRY_SECONDS:
        raise _keys_unavailable()
    keys = await fetch()
    if keys is None:
        cache.set(replace(cached, asked_at=now))
        raise _keys_unavailable()
    found = KeySet(keys=keys, fetched_at=now, asked_at=now)
    cache.set(found)
    return found


async def refresh_keys(known: KeySet, cache: KeyCache, *, fetch: FetchKeys, now: float) -> KeySet:
    """Ask once more for keys that may have been changed; the known ones when nothing better comes."""
    keys = await fetch()
    newer = KeySet(keys=keys, fetched_at=now, asked_at=now) if keys else replace(known, asked_at=now)
    cache.set(newer)
    return newer


def _keys_unavailable() -> WebhookRefused:
    message = "FAL's public keys cannot be read at the moment."
    return WebhookRefused("webhook_keys_unavailable", message, retry_after=int(_RETRY_SECONDS))


def _read_key(entry: Any) -> str:
    if not isinstance(entry, dict) or (entry.get("kty"), entry.get("crv")) != ("OKP", "Ed25519"):
        return ""
    if entry.get("alg", "EdDSA") not in ("EdDSA", "Ed25519") or entry.get("use", "sig") != "sig":
        return ""
    text = entry.get("x")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if isinstance(text, str) else b""
    except (ValueError, binascii.Error):
        return ""
    return raw.hex() if len(raw) == _KEY_BYTES else ""
