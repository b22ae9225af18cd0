"""How does an unmodified client reach the virtual FAL by FAL's own names? A CONNECT proxy that is every host of FAL."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from .hosts import FAL_HOSTS
from .world import World

_MOST_HEAD = 16_384
_HANDSHAKE_SECONDS = 10.0


class ConnectProtocol(asyncio.Protocol):
    """Reads ``CONNECT host:443``, then hands the connection, now TLS, to the HTTP server."""

    def __init__(
        self, world: World, make_http: Callable[[], asyncio.Protocol], *, trusted: ssl.SSLContext,
        untrusted: Callable[[], ssl.SSLContext],
    ) -> None:  # fmt: skip
        self.world, self._make_http = world, make_http
        self._trusted, self._untrusted = trusted, untrusted
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._upgrade: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not of asyncio's class.
        self._transport = cast(asyncio.Transport, transport)
        if self.world.weather.find_kind(self.world.clock.now()) == "drop":
            transport.close()

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" in self._head and self._upgrade is None:
            self._answer(self._head.split(b"\r\n", 1)[0].decode("latin-1"))
        elif len(self._head) > _MOST_HEAD and self._transport:
            self._transport.close()

    def _answer(self, line: str) -> None:
        method, _, rest = line.partition(" ")
        target = rest.partition(" ")[0].lower()
        host = target.rpartition(":")[0]
        kind = self.world.weather.find_kind(self.world.clock.now())
        if kind == "mute":
            return
        if method != "CONNECT" or kind == "dns":
            self._refuse("502 Bad Gateway")
        elif host not in FAL_HOSTS or not target.endswith(":443"):
            self.world.ledger.refused_hosts[target] += 1
            self._refuse("403 Forbidden")
        else:
            self.world.ledger.connects[host] += 1
            self._accept(self._untrusted() if kind == "tls" else self._trusted)

    def _refuse(self, status: str) -> None:
        assert self._transport is not None
        self._transport.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        self._transport.close()

    def _accept(self, context: ssl.SSLContext) -> None:
        assert self._transport is not None
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._upgrade = asyncio.get_running_loop().create_task(self._start_tls(self._transport, context))

    async def _start_tls(self, plain: asyncio.Transport, context: ssl.SSLContext) -> None:
        early = EarlyData()
        try:
            secure = await asyncio.get_running_loop().start_tls(
                plain, early, context, server_side=True, ssl_handshake_timeout=_HANDSHAKE_SECONDS
            )
        except OSError:  # the client did not like the certificate, or left
            plain.abort()
            return
        if secure is not None:
            early.pass_on(secure, self._make_http())


class EarlyData(asyncio.Protocol):
    """Holds what arrives together with the end of the handshake, before the HTTP server is there."""

    def __init__(self) -> None:
        self._data = b""
        self._ended = False
        self._lost: tuple[Exception | None] | None = None

    def data_received(self, data: bytes) -> None:
        self._data += data

    def eof_received(self) -> bool:
        self._ended = True
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = (error,)

    def pass_on(self, transport: asyncio.Transport, http: asyncio.Protocol) -> None:
        transport.set_protocol(http)
        http.connection_made(transport)
        if self._data:
            http.data_received(self._data)
        if self._ended:
            http.eof_received()
        if self._lost is not None:
            http.connection_lost(self._lost[0])
