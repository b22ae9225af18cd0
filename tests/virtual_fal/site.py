"""Which part of FAL answers a call? Host and path decide; the weather may be against it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from .call import Call, refuse
from .faults import drop_connection
from .hosts import Place, find_place
from .routes import cdn, control, platform, queue, storage
from .world import World

Handler = Callable[[Call], Awaitable[web.StreamResponse]]
_FOR_EVER = 24 * 3600.0

# (area, method, path): the addresses that are always the same; the rest is told apart by its beginning.
_EXACT: dict[tuple[str, str, str], Handler] = {
    ("rest", "POST", "/storage/auth/token"): storage.give_token,
    ("rest", "POST", "/storage/upload/initiate"): storage.initiate_upload,
    ("rest", "GET", "/.well-known/jwks.json"): platform.show_keys,
    ("cdn", "POST", "/files/upload"): storage.take_upload,
    ("platform", "GET", "/v1/models/requests/by-endpoint"): platform.show_history,
    ("platform", "GET", "/v1/models/pricing"): platform.show_prices,
}
_EVERYWHERE = {(method, path): handler for (_, method, path), handler in _EXACT.items()}


class Site:
    def __init__(self, world: World) -> None:
        self.world = world

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        place = find_place(request.host, request.scheme)
        path = request.path
        entry = self.world.ledger.open(
            at=self.world.clock.now(),
            method=request.method,
            host=request.host,
            path=path,
            query=request.rel_url.raw_query_string,
            headers=request.raw_headers,
        )
        call = Call(self.world, request, entry, place, path)
        if path.startswith(control.PREFIX) and place.area == "all":
            return await control.answer_control(call)
        if self.world.weather.windows and (kind := self.world.weather.find_kind(self.world.clock.now())):
            return await self._suffer(call, kind)
        response = await find_handler(call)(call)
        if not entry.status and not entry.fault.startswith(("close", "reset")):
            entry.status = response.status
        return response

    async def answer_control(self, request: web.BaseRequest) -> web.StreamResponse:
        """The port of its own for control: there also while the others refuse."""
        place = Place("all", "", "", "", "")
        entry = self.world.ledger.open(
            at=0.0, method=request.method, host=request.host, path=request.path, query="", headers=()
        )
        return await control.answer_control(Call(self.world, request, entry, place, request.path))

    async def _suffer(self, call: Call, kind: str) -> web.StreamResponse:
        """A connection that was open before the weather turned."""
        if kind == "mute":
            await asyncio.sleep(_FOR_EVER)
        return drop_connection(call, with_reset=True)


def find_handler(call: Call) -> Handler:
    area, method, path = call.place.area, call.request.method, call.path
    exact = _EVERYWHERE.get((method, path)) if area == "all" else _EXACT.get((area, method, path))
    return exact or _find_by_beginning(area, method, path)


def _find_by_beginning(area: str, method: str, path: str) -> Handler:
    if area in {"cdn", "all"} and path.startswith("/files/"):
        if storage.is_multipart(path):
            return storage.answer_multipart
        if method in {"GET", "HEAD"}:
            return cdn.answer_download
    if area in {"bucket", "all"} and method == "PUT" and storage.is_target(path):
        return storage.take_put
    if area in {"platform", "all"} and method == "DELETE" and platform.is_payloads(path):
        return platform.delete_payloads
    if area in {"queue", "all"} and path.count("/") >= 1:
        return queue.answer_queue
    if area == "run" and method == "POST":
        return _run_directly
    return _answer_nowhere


async def _run_directly(call: Call) -> web.StreamResponse:
    return await queue.run(call, call.path.strip("/"))


async def _answer_nowhere(call: Call) -> web.StreamResponse:
    call.world.ledger.file(call.entry, "unknown")
    return refuse(404, f"No such address on {call.request.host}")
