"""How does FAL's queue answer? Submit, status, stream, result, cancel, and the direct run beside it."""

from __future__ import annotations

import asyncio
import json
import math

from aiohttp import web

from ..call import Call, answer_bytes, answer_failure, answer_json, refuse
from ..endpoints import find_app
from ..errors import describe_request_error
from ..fal_request import OVER, FalRequest
from ..faults import perform
from ..scenarios import PRESETS, Scenario
from ..scenarios.scripts import Subject

_IS_TRUE = frozenset({"1", "true", "yes"})
_NO_REQUEST = "Request not found"
_PING_SECONDS = 15.0


async def answer_queue(call: Call) -> web.StreamResponse:
    """Any address of the queue's host: ``/{endpoint id}`` or ``/{app}/requests/{id}[/status[/stream]|/cancel]``."""
    parts = call.path.strip("/").split("/")
    if call.request.method == "POST":
        return await submit(call, "/".join(parts))
    length = find_app(parts).count("/") + 1
    if len(parts) < length + 2 or parts[length] != "requests":
        call.world.ledger.file(call.entry, "unknown")
        return refuse(404, "Path not found")
    request = call.world.requests.get(parts[length + 1])
    if request is not None and request.app != "/".join(parts[:length]):
        request = None
    return await _answer_request(call, request, action="/".join(parts[length + 2 :]))


async def submit(call: Call, endpoint_id: str) -> web.StreamResponse:
    body = await call.read_body()
    try:
        arguments = json.loads(body)
    except ValueError:
        arguments = None
    webhook = call.query.get("fal_webhook", "")
    world = call.world
    subject = world.describe_subject(endpoint_id, arguments, webhook)
    asked = call.request.headers.get("X-Virtual-Fal-Scenario", "")
    scenario = world.find_scenario(subject, asked=asked, uses_up=True)
    picture = subject.pictures[0] if subject.pictures else ""
    call.note(endpoint=endpoint_id, picture=picture, marker=webhook.split("?")[0].rpartition("/")[2])

    async def act() -> web.StreamResponse:
        if arguments is None:
            return answer_failure(describe_request_error("bad_request", 400, detail="Body is not JSON"))
        return await _accept(call, endpoint_id, arguments, subject=subject, scenario=scenario)

    return await perform(call, act, step="submit", scenario=scenario, subject=picture, needs_key=True)


async def run(call: Call, endpoint_id: str) -> web.StreamResponse:
    """The direct call without queue: answers with the result, and knows no waiting."""
    world = call.world
    arguments = await call.read_json()
    subject = world.describe_subject(endpoint_id, arguments, "")
    scenario = world.find_scenario(subject, uses_up=True)

    async def act() -> web.StreamResponse:
        limit = world.options.concurrency
        if not world.knows_app(find_app(endpoint_id.split("/"))):
            return refuse(404, f"Application {endpoint_id!r} not found")
        if limit and world.schedule.running >= limit:
            return refuse(429, "Too many concurrent requests")
        request = _create(call, endpoint_id, arguments, subject=subject, scenario=scenario)
        while request.state != OVER:
            await asyncio.sleep(0.02)
            world.now()
        return await _show_result(call, request)

    return await perform(call, act, step="run", scenario=scenario, needs_key=True)


async def _accept(
    call: Call, endpoint_id: str, arguments: object, *, subject: Subject, scenario: Scenario
) -> web.StreamResponse:
    world = call.world
    if not world.knows_app(find_app(endpoint_id.split("/"))):
        return refuse(404, f"Application {endpoint_id!r} not found")
    if (longest := call.query.get("fal_max_queue_length", "")).isdigit() and world.schedule.waiting > int(longest):
        return refuse(429, "Queue is too long")
    if not _is_timeout_valid(call):
        return answer_failure(describe_request_error("bad_request", 400, detail="Invalid X-Fal-Request-Timeout"))
    request = _create(call, endpoint_id, arguments, subject=subject, scenario=scenario)
    if scenario.webhook.early and request.webhook:
        await _announce_early(call, request)
    return answer_json(
        request.describe_submit(world.schedule.count_ahead(request)), headers={"x-fal-request-id": request.id}
    )


def _create(call: Call, endpoint_id: str, arguments: object, *, subject: Subject, scenario: Scenario) -> FalRequest:
    headers = {key.lower(): value for key, value in call.request.headers.items() if key.lower() != "authorization"}
    request = call.world.accept(
        endpoint_id, arguments, subject=subject, scenario=scenario, place=call.place, headers=headers
    )
    call.note(request_id=request.id)
    return request


async def _announce_early(call: Call, request: FalRequest) -> None:
    """The webhook overtakes the answer to the submit: it is received before the caller knows the request's id."""
    world, webhook = call.world, request.scenario.webhook
    world.finish(request)
    message = await world.write_message(request)
    if not await world.courier.deliver_once(request.webhook, message, webhook) and webhook.retry:
        world.announce(request)


async def _answer_request(call: Call, request: FalRequest | None, *, action: str) -> web.StreamResponse:
    method = "GET" if call.request.method == "HEAD" else call.request.method
    handler = _ACTIONS.get((method, action))
    if handler is None:
        call.world.ledger.file(call.entry, "unknown")
        return refuse(405 if any(action == known for _, known in _ACTIONS) else 404, "Path not found")
    step, show = handler
    scenario = request.scenario if request else PRESETS["default"]
    subject = ""
    if request:
        subject = request.id
        call.note(request_id=request.id, endpoint=request.endpoint_id, marker=request.marker)

    async def act() -> web.StreamResponse:
        if request is None:
            return answer_json({"status": "NOT_FOUND"}, status=404) if step == "cancel" else refuse(404, _NO_REQUEST)
        return await show(call, request)

    return await perform(call, act, step=step, scenario=scenario, subject=subject, needs_key=True)


async def _show_status(call: Call, request: FalRequest) -> web.StreamResponse:
    world = call.world
    moment = world.now()
    with_logs = call.query.get("logs", "").lower() in _IS_TRUE
    ahead = world.schedule.count_ahead(request)
    status, body = request.write_status(moment, ahead=ahead, with_logs=with_logs)
    return answer_bytes(body, status=status, headers={"x-fal-request-id": request.id})


async def _stream_status(call: Call, request: FalRequest) -> web.StreamResponse:
    """Server-sent events: each new state or new log lines, a comment when nothing happens, the end at COMPLETED."""
    world = call.world
    with_logs = call.query.get("logs", "").lower() in _IS_TRUE
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(call.request)
    call.entry.status = 200
    sent, shown, quiet_since = b"", 0, world.clock.now()
    while True:
        moment = world.now()
        ahead = world.schedule.count_ahead(request)
        lines = request.count_lines(moment) if with_logs else 0
        _, body = request.write_status(moment, ahead=ahead, with_logs=with_logs, new_after=shown)
        if body != sent and (lines > shown or not with_logs or b'"logs": []' not in body or request.state == OVER):
            await response.write(b"data: " + body + b"\n\n")
            sent, shown, quiet_since = body, lines, moment
        if request.state == OVER:
            return response
        if moment - quiet_since >= _PING_SECONDS:
            await response.write(b": ping\n\n")
            quiet_since = moment
        await asyncio.sleep(0.1)


async def _show_result(call: Call, request: FalRequest) -> web.StreamResponse:
    world = call.world
    moment = world.now()
    headers = {"x-fal-request-id": request.id}
    if request.state != OVER or request.ended_at is None:
        return answer_json({"detail": "Request is still in progress"}, status=400, headers=headers)
    lasts = request.scenario.result_lasts
    if request.payloads_deleted or (lasts is not None and moment >= request.ended_at + lasts):
        return refuse(404, _NO_REQUEST)
    headers["x-fal-billable-units"] = f"{request.count_units().normalize():f}"
    if request.failure:
        # An ingress error never passed the part of FAL that adds the id.
        is_ingress = isinstance(request.failure.body, str)
        return answer_failure(request.failure, headers={} if is_ingress else headers)
    return answer_json(await world.compose_output(request), headers=headers)


async def _cancel(call: Call, request: FalRequest) -> web.StreamResponse:
    world = call.world
    world.now()
    if request.state == OVER:
        return answer_json({"status": "ALREADY_COMPLETED"}, status=400)
    waited = request.started_at is None
    world.cancel(request)
    if waited and request.scenario.cancel_answer == "OK":
        return answer_json({"status": "OK"})
    return answer_json({"status": "CANCELLATION_REQUESTED"}, status=202)


_ACTIONS = {
    ("GET", "status"): ("status", _show_status),
    ("GET", "status/stream"): ("stream", _stream_status),
    ("GET", ""): ("result", _show_result),
    ("PUT", "cancel"): ("cancel", _cancel),
}


def _is_timeout_valid(call: Call) -> bool:
    headers = call.request.headers
    text = headers.get("X-Fal-Request-Start-Timeout") or headers.get("X-Fal-Request-Timeout")
    if text is None:
        return True
    try:
        seconds = float(text)
    except ValueError:
        return False
    return math.isfinite(seconds) and seconds > 0.1
