"""How does FAL's platform API answer? Request history, prices, deletion of payloads, and the webhook keys beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import web

from ..call import Call, answer_json, refuse
from ..clock import read_time, write_utc
from ..endpoints import ENDPOINTS
from ..fal_request import OVER, FalRequest
from ..faults import perform
from ..scenarios.scripts import Subject

_DAY = 24 * 3600.0
_MOST = 100


async def show_keys(call: Call) -> web.StreamResponse:
    async def act() -> web.StreamResponse:
        return answer_json(call.world.signer.publish(), headers={"Cache-Control": "max-age=86400"})

    return await perform(call, act, step="jwks", scenario=call.world.find_scenario(Subject()))


async def show_history(call: Call) -> web.StreamResponse:
    """Finished requests of an endpoint, the last to end first."""

    async def act() -> web.StreamResponse:
        endpoint_id = call.query.get("endpoint_id", "")
        if not endpoint_id:
            return refuse(422, "endpoint_id is required")
        now = call.world.now()
        try:
            start, end = _read_window(call, now)
            limit = min(_MOST, int(call.query.get("limit", 50)))
            first = int(call.query.get("cursor") or 0)
        except ValueError:
            return refuse(422, "A parameter cannot be read")
        found = [each for each in call.world.requests.values() if _is_shown(each, endpoint_id, start, end)]
        found.sort(key=lambda each: each.ended_at or 0.0, reverse=True)
        page = found[first : first + limit]
        more = first + limit < len(found)
        items = [await _describe(call, each) for each in page]
        return answer_json({"items": items, "next_cursor": str(first + limit) if more else None, "has_more": more})

    return await perform(call, act, step="history", scenario=call.world.find_scenario(Subject()), needs_key=True)


async def show_prices(call: Call) -> web.StreamResponse:
    async def act() -> web.StreamResponse:
        asked = [each for value in call.request.query.getall("endpoint_id", []) for each in value.split(",")]
        if unknown := [each for each in asked if each not in ENDPOINTS]:
            return refuse(404, f"Unknown endpoint {unknown[0]!r}")
        prices = [
            {"endpoint_id": each.id, "unit_price": _to_number(each.unit_price), "unit": each.unit, "currency": "USD"}
            for each in ENDPOINTS.values()
            if not asked or each.id in asked
        ]
        return answer_json({"prices": prices, "next_cursor": None, "has_more": False})

    return await perform(call, act, step="pricing", scenario=call.world.find_scenario(Subject()), needs_key=True)


async def delete_payloads(call: Call) -> web.StreamResponse:
    """``DELETE /v1/models/requests/{id}/payloads``: result and files of the output are gone."""

    async def act() -> web.StreamResponse:
        request = call.world.requests.get(call.path.split("/")[4])
        if request is None:
            return refuse(404, "Request not found")
        request.payloads_deleted = True
        call.note(request_id=request.id)
        return answer_json({"cdn_delete_results": []})

    return await perform(call, act, step="payloads", scenario=call.world.find_scenario(Subject()), needs_key=True)


def is_payloads(path: str) -> bool:
    return path.startswith("/v1/models/requests/") and path.endswith("/payloads")


def _read_window(call: Call, now: float) -> tuple[float, float]:
    start, end = call.query.get("start"), call.query.get("end")
    # An unescaped "+00:00" arrives with a space.
    return (
        read_time(start.replace(" ", "+")) if start else now - _DAY,
        read_time(end.replace(" ", "+")) if end else now + 1,
    )


def _is_shown(request: FalRequest, endpoint_id: str, start: float, end: float) -> bool:
    return (
        request.state == OVER
        and request.scenario.in_history
        and request.endpoint_id == endpoint_id
        and request.ended_at is not None
        and start <= request.ended_at <= end
    )


async def _describe(call: Call, request: FalRequest) -> dict[str, Any]:
    item: dict[str, Any] = {
        "request_id": request.id,
        "endpoint_id": request.endpoint_id,
        "sent_at": write_utc(request.submitted_at),
        "started_at": write_utc(request.started_at),
        "ended_at": write_utc(request.ended_at),
        "status_code": request.failure.status if request.failure else 200,
        "duration": (request.ended_at or 0.0) - (request.started_at or request.submitted_at),
    }
    if "payloads" in call.query.get("expand", "") and request.keeps_payloads and not request.payloads_deleted:
        item["json_input"] = request.arguments
        item["json_output"] = request.failure.body if request.failure else await call.world.compose_output(request)
    return item


def _to_number(price: Decimal) -> float:
    return float(price)
