"""How is something sent to an address that a stranger named? Looked up, judged, and connected to that very address."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from jobs.egress.addresses import NotAllowedError, check_addresses, check_shape, is_public

TIMEOUT_SECONDS = 10.0
EXCERPT_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the other side answered: the beginning of its body is enough."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class NoReplyError(Exception):
    """There was no answer; says why in a few words."""


class PublicResolver(AbstractResolver):
    """Knows only names whose addresses are all public."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        check_addresses([str(entry[4][0]) for entry in found])
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=0)
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        pass


def _make_public_socket(info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """The last door: whatever was looked up before, no socket is made for an address that is not public."""
    family, kind, proto, _, address = info
    if not is_public(str(address[0])):
        raise NotAllowedError("the address is not a public one")
    return socket.socket(family=family, type=kind, proto=proto)


def open_session(*, allow_private: bool, limit: int) -> aiohttp.ClientSession:
    """Nothing is remembered between two calls: no cookie, no connection, no look-up of a name."""
    guards = {} if allow_private else {"resolver": PublicResolver(), "socket_factory": _make_public_socket}
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, force_close=True, use_dns_cache=False, **guards),  # type: ignore[arg-type]
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
        auto_decompress=False,
        trust_env=False,
    )


async def post(
    session: aiohttp.ClientSession, url: str, *, body: str, headers: Mapping[str, str], allow_private: bool
) -> Reply:
    """One POST; a redirect is an answer like any other and is not followed. ``NoReplyError`` without an answer."""
    try:
        check_shape(url, allow_private=allow_private)
        async with session.post(url, data=body.encode(), headers=headers, allow_redirects=False) as response:
            return Reply(
                status=response.status,
                body=await response.content.read(EXCERPT_BYTES),
                headers=response.headers,
            )
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise NoReplyError(_say(error)) from None


def _say(error: BaseException) -> str:
    """In words that tell nothing of our own network."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NotAllowedError):
            return f"Refused: {cause}."
        cause = cause.__cause__
    if isinstance(error, TimeoutError):
        return f"No answer within {TIMEOUT_SECONDS:.0f} s."
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "The name of the host is not known."
    if isinstance(error, aiohttp.ClientSSLError):
        return "The certificate is not good, or TLS failed."
    if isinstance(error, aiohttp.ClientConnectorError):
        return "The host cannot be reached."
    return "The connection broke, or the answer was no HTTP."
