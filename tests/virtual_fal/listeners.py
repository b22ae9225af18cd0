"""Where does the virtual FAL listen? Plain port, TLS port, proxy and control, shut while it is down."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from functools import cached_property

from aiohttp import web

from .certificates import load_context, load_untrusted_context, prepare_certificates
from .options import Options
from .proxy import ConnectProtocol
from .site import Site
from .world import World

_BACKLOG = 2048
_LOOK_SECONDS = 0.05


class Door:
    """One listening socket, which can be shut and opened again on the same port."""

    def __init__(
        self, host: str, port: int, factory: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None = None
    ) -> None:
        self.host, self.port, self._factory, self._context = host, port, factory, context
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                self._factory, self.host, self.port, ssl=self._context, backlog=_BACKLOG, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


class Listeners:
    def __init__(self, world: World, options: Options) -> None:
        self.world = world
        site = Site(world)
        # A handler ends when its client leaves: a call that hangs for ever must not outlive it.
        self.http = web.Server(site.answer, handler_cancellation=True, access_log=None, tcp_keepalive=False)
        self._control_http = web.Server(site.answer_control, access_log=None)
        self.ca_file = prepare_certificates(world.directory)
        self.plain = Door(options.host, options.port, self.http)
        self.control = Door(options.host, 0, self._control_http)
        self.proxy = self._make_door(options.host, options.proxy_port, self._make_connect)
        self.tls = self._make_door(options.host, options.tls_port, self.http, context=self.trusted)
        self._watch: asyncio.Task[None] | None = None
        self._is_shut = False
        self._turn = asyncio.Lock()
        world.apply_weather = self.apply_weather

    @cached_property
    def trusted(self) -> ssl.SSLContext:
        return load_context(self.world.directory)

    @cached_property
    def untrusted(self) -> ssl.SSLContext:
        return load_untrusted_context(self.world.directory)

    async def open(self) -> None:
        for door in (*self._public_doors(), self.control):
            await door.open()
        self._watch = asyncio.get_running_loop().create_task(self._follow_weather())

    async def close(self) -> None:
        if self._watch:
            self._watch.cancel()
        for door in (*self._public_doors(), self.control):
            door.shut()
        for server in (self.http, self._control_http):
            server.pre_shutdown()
            await server.shutdown(0.2)

    async def apply_weather(self) -> None:
        """Nobody listens while the weather says so; connections that are open are reset."""
        async with self._turn:  # the watch and the control may both want to open the doors
            refuses = self.world.weather.find_kind(self.world.clock.now()) == "refuse"
            if refuses and not self._is_shut:
                self._shut_out()
            elif not refuses and self._is_shut:
                for door in self._public_doors():
                    await door.open()
            self._is_shut = refuses

    async def _follow_weather(self) -> None:
        """Weather ends by itself."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._is_shut:
                await self.apply_weather()

    def _shut_out(self) -> None:
        for door in self._public_doors():
            door.shut()
        for connection in self.http.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def _public_doors(self) -> list[Door]:
        return [door for door in (self.plain, self.proxy, self.tls) if door is not None]

    def _make_door(
        self, host: str, port: int | None, factory: Callable[[], asyncio.Protocol],
        *, context: ssl.SSLContext | None = None,
    ) -> Door | None:  # fmt: skip
        return None if port is None else Door(host, port, factory, context)

    def _make_connect(self) -> ConnectProtocol:
        return ConnectProtocol(self.world, self.http, trusted=self.trusted, untrusted=lambda: self.untrusted)
