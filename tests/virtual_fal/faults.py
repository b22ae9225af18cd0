"""How does an answer go wrong? Each kind of fault, carried out on the real connection."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from .call import Call, answer_value, refuse
from .scenarios import Fault, Scenario

Act = Callable[[], Awaitable[web.StreamResponse]]
_FOR_EVER = 24 * 3600.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 seconds: close() sends RST


async def perform(
    call: Call, act: Act, *, step: str, scenario: Scenario, subject: str = "", needs_key: bool = False
) -> web.StreamResponse:
    """File the call in the ledger and answer it, or do what the scenario has against that."""
    call.world.ledger.file(call.entry, step)
    fault = call.world.find_fault(step, scenario, subject)
    if fault is not None:
        call.entry.fault = fault.kind
        return await misbehave(call, fault, act)
    if needs_key and not call.has_key():
        return refuse(401, "Authorization header is required or the key is not valid")
    return await act()


async def misbehave(call: Call, fault: Fault, act: Act) -> web.StreamResponse:
    if fault.kind in {"answer", "hang", "close", "reset"}:
        if fault.effect:
            await act()
        return await _withhold(call, fault)
    response = await act()
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return response
    return await _spoil(call, fault, response)


async def _withhold(call: Call, fault: Fault) -> web.StreamResponse:
    if fault.kind == "answer":
        return answer_value(fault.body, status=fault.status, headers=fault.headers, content_type=fault.content_type)
    if fault.kind == "hang":
        await asyncio.sleep(_FOR_EVER)
    return drop_connection(call, with_reset=fault.kind == "reset")


async def _spoil(call: Call, fault: Fault, response: web.StreamResponse) -> web.StreamResponse:
    body = await read_response(response)
    headers = {key: value for key, value in response.headers.items() if key.lower().startswith("x-fal")}
    if fault.kind == "edit":
        body = _edit(body, fault)
    elif fault.kind == "text":
        body = str(fault.body).encode()
    elif fault.kind == "cut":
        body = body[: len(body) // 2]
    kind = fault.content_type or response.content_type
    if fault.kind == "short":
        return await send_part(call, body, share=fault.share, content_type=kind)
    return web.Response(body=body, status=response.status, headers=headers, content_type=kind)


async def read_response(response: web.StreamResponse) -> bytes:
    if isinstance(response, web.FileResponse):
        return await asyncio.to_thread(response._path.read_bytes)
    body = response.body if isinstance(response, web.Response) else b""
    return body if isinstance(body, bytes) else b""


async def send_part(call: Call, body: bytes, *, share: float, content_type: str) -> web.StreamResponse:
    """Announce all of it, send a part, close."""
    response = web.StreamResponse(headers={"Content-Type": content_type, "Content-Length": str(len(body))})
    await response.prepare(call.request)
    await response.write(body[: int(len(body) * share)])
    call.entry.status = response.status
    close_connection(call)
    return response


def drop_connection(call: Call, *, with_reset: bool) -> web.StreamResponse:
    """No answer; what is returned goes to a connection that is gone."""
    transport = call.request.transport
    if transport is not None:
        raw: socket.socket | None = transport.get_extra_info("socket")
        if with_reset and raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
    return NoAnswer()


def close_connection(call: Call) -> None:
    if call.request.transport is not None:
        call.request.transport.close()


class NoAnswer(web.Response):
    """Stands for an answer that was never given."""

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


def _edit(body: bytes, fault: Fault) -> bytes:
    values = json.loads(body)
    for key in fault.drop:
        values.pop(key, None)
    return json.dumps({**values, **fault.put}).encode()
