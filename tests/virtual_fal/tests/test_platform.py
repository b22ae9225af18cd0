"""What do request history and prices say?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ..endpoints import ENDPOINTS
from ..running import VirtualFal
from .caller import TRIPO, Caller

HISTORY = "/v1/models/requests/by-endpoint"


def test_it_works(caller: Caller) -> None:
    job = caller.submit(seed=5)
    output = caller.get_result(job).json()
    page = caller.http.get(HISTORY, params={"endpoint_id": TRIPO, "expand": "payloads"}).json()
    (item,) = page["items"]
    assert (page["has_more"], page["next_cursor"]) == (False, None)
    assert (item["request_id"], item["endpoint_id"], item["status_code"]) == (job["request_id"], TRIPO, 200)
    assert item["json_input"]["seed"] == 5
    assert item["json_output"] == output
    assert item["sent_at"] <= item["started_at"] < item["ended_at"]


def test_running_requests_are_not_shown(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(run_seconds=60)
    caller.submit()
    assert caller.http.get(HISTORY, params={"endpoint_id": TRIPO}).json()["items"] == []


def test_payloads_are_shown_on_demand_and_unless_they_were_not_stored(caller: Caller) -> None:
    for headers in ({}, {"X-Fal-Store-IO": "0"}):
        caller.wait(caller.submit(headers=headers))
    plain = caller.http.get(HISTORY, params={"endpoint_id": TRIPO}).json()["items"]
    full = caller.http.get(HISTORY, params={"endpoint_id": TRIPO, "expand": "payloads"}).json()["items"]
    assert ["json_input" in item for item in plain] == [False, False]
    assert sorted("json_input" in item for item in full) == [False, True]


def test_a_window_and_pages_narrow_it(caller: Caller) -> None:
    for _ in range(3):
        caller.wait(caller.submit())
    first = caller.http.get(HISTORY, params={"endpoint_id": TRIPO, "limit": 2}).json()
    rest = caller.http.get(HISTORY, params={"endpoint_id": TRIPO, "limit": 2, "cursor": first["next_cursor"]}).json()
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert (len(first["items"]), len(rest["items"]), rest["has_more"]) == (2, 1, False)
    assert caller.http.get(HISTORY, params={"endpoint_id": TRIPO, "start": later}).json()["items"] == []
    assert caller.http.get(HISTORY, params={"endpoint_id": "fal-ai/trellis"}).json()["items"] == []


def test_a_request_may_be_missing(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"in_history": False})
    caller.wait(caller.submit())
    assert caller.http.get(HISTORY, params={"endpoint_id": TRIPO}).json()["items"] == []


_ODD: list[dict[str, str]] = [{}, {"endpoint_id": TRIPO, "start": "yesterday"}, {"endpoint_id": TRIPO, "limit": "all"}]


@pytest.mark.parametrize("params", _ODD)
def test_it_rejects_odd_questions(http: httpx.Client, params: dict[str, str]) -> None:
    assert http.get(HISTORY, params=params).status_code == 422


@pytest.mark.parametrize("address", [HISTORY, "/v1/models/pricing"])
def test_it_requires_the_key(http: httpx.Client, address: str) -> None:
    assert http.get(address, headers={"Authorization": "Key no"}).status_code == 401


def test_prices_are_told(http: httpx.Client) -> None:
    everything = http.get("/v1/models/pricing").json()["prices"]
    some = http.get("/v1/models/pricing", params=[("endpoint_id", TRIPO), ("endpoint_id", "fal-ai/trellis")]).json()
    assert {price["endpoint_id"] for price in everything} == set(ENDPOINTS)
    assert some["prices"] == [
        {"endpoint_id": TRIPO, "unit_price": 0.01, "unit": "credits", "currency": "USD"},
        {"endpoint_id": "fal-ai/trellis", "unit_price": 0.02, "unit": "generations", "currency": "USD"},
    ]


def test_prices_of_unknown_endpoints_are_not(http: httpx.Client) -> None:
    assert http.get("/v1/models/pricing", params={"endpoint_id": "acme/unknown"}).status_code == 404
