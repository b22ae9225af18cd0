"""How does FAL's CDN hand out files? Whole or in ranges, to anybody; or in every way a download can go wrong."""

from __future__ import annotations

import asyncio
import zlib
from pathlib import Path

from aiohttp import web

from ..call import Call, refuse
from ..fal_request import FalRequest
from ..faults import Act, close_connection, misbehave, perform
from ..scenarios import PRESETS, Fault
from ..scenarios.scenario import DOWNLOAD_KINDS

_RESULTS = "/files/r/"
_ZEROS = bytes(1 << 20)


async def answer_download(call: Call) -> web.StreamResponse:
    if call.path.startswith(_RESULTS):
        identifier, _, name = call.path.removeprefix(_RESULTS).partition("/")
        return await _send_result_file(call, call.world.requests.get(identifier), name)

    async def act() -> web.StreamResponse:
        upload = call.world.files.find(call.path, now=call.world.clock.now())
        if upload is None:
            return refuse(404, "File not found")
        call.note(picture=upload.picture)
        return send_file(call.world.files.pictures / upload.picture, upload.content_type)

    return await perform(call, act, step="download", scenario=PRESETS["default"])


def send_file(path: Path, content_type: str) -> web.FileResponse:
    headers = {"Content-Type": content_type or "application/octet-stream", "Access-Control-Allow-Origin": "*"}
    return web.FileResponse(path, headers=headers)


async def _send_result_file(call: Call, request: FalRequest | None, name: str) -> web.StreamResponse:
    scenario = request.scenario if request else PRESETS["default"]
    if request:
        call.note(request_id=request.id, endpoint=request.endpoint_id, marker=request.marker)

    async def act() -> web.StreamResponse:
        found = await _find_file(call, request, name)
        return refuse(404, "File not found") if found is None else send_file(*found)

    if request is None or not _is_model(name):
        # Previews and textures arrive whole: the faults are about the model.
        return await perform(call, act, step="download", scenario=PRESETS["default"])
    if any(fault.kind in DOWNLOAD_KINDS for fault in scenario.faults.get("download", ())):
        return await _download_badly(call, request, name, act)
    return await perform(call, act, step="download", scenario=scenario, subject=request.id)


async def _find_file(call: Call, request: FalRequest | None, name: str) -> tuple[Path, str] | None:
    moment = call.world.now()
    if request is None or request.ended_at is None or request.failure or request.payloads_deleted:
        return None
    lasts = request.scenario.file_lasts
    if lasts is not None and moment >= request.ended_at + lasts:
        return None
    await call.world.compose_output(request)
    file = request.files.get(name)
    return None if file is None else (await call.world.shelf.fetch(file.wanted), file.content_type)


async def _download_badly(call: Call, request: FalRequest, name: str, act: Act) -> web.StreamResponse:
    """A download with a fault that is about the bytes on their way."""
    call.world.ledger.file(call.entry, "download")
    fault = call.world.find_fault("download", request.scenario, request.id)
    found = await _find_file(call, request, name)
    if fault is None or found is None:
        return await act()
    call.entry.fault = fault.kind
    if fault.kind not in DOWNLOAD_KINDS:
        return await misbehave(call, fault, act)
    return await _SENDERS[fault.kind](call, fault, *found)


async def _drip(call: Call, fault: Fault, path: Path, content_type: str) -> web.StreamResponse:
    """At least ten pieces a second, so that a slow rate is slow and not jerky."""
    response = await _begin(call, content_type, length=path.stat().st_size)
    piece = max(1, fault.rate // 10)
    with path.open("rb") as file:
        while data := await asyncio.to_thread(file.read, piece):
            await response.write(data)
            await asyncio.sleep(len(data) / fault.rate)
    return response


async def _abort(call: Call, fault: Fault, path: Path, content_type: str) -> web.StreamResponse:
    size = path.stat().st_size
    response = await _begin(call, content_type, length=size)
    with path.open("rb") as file:
        await response.write(await asyncio.to_thread(file.read, int(size * fault.share)))
    close_connection(call)
    return response


async def _send_bomb(call: Call, fault: Fault, path: Path, content_type: str) -> web.StreamResponse:
    """Zeros that unpack to a thousand times what was sent."""
    response = web.StreamResponse(headers={"Content-Type": content_type, "Content-Encoding": "gzip"})
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    call.entry.status = 200
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(max(1, fault.size // len(_ZEROS))):
        await response.write(await asyncio.to_thread(packer.compress, _ZEROS) + packer.flush(zlib.Z_SYNC_FLUSH))
    await response.write(packer.flush())
    return response


async def _redirect(call: Call, fault: Fault, path: Path, content_type: str) -> web.StreamResponse:
    own = f"{call.place.output}{call.path}"
    return web.Response(status=302, headers={"Location": own if fault.location == "@self" else fault.location})


async def _send_unsized(call: Call, fault: Fault, path: Path, content_type: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    call.entry.status = 200
    with path.open("rb") as file:
        while data := await asyncio.to_thread(file.read, 1 << 18):
            await response.write(data)
    return response


_SENDERS = {
    "drip": _drip, "abort": _abort, "bomb": _send_bomb, "redirect": _redirect, "unsized": _send_unsized,
}  # fmt: skip


async def _begin(call: Call, content_type: str, *, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type, "Content-Length": str(length)})
    await response.prepare(call.request)
    call.entry.status = 200
    return response


def _is_model(name: str) -> bool:
    return "_model_" in name
