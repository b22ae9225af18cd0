"""How does the virtual FAL take a submit, and what does it do wrong on request?"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..endpoints import ENDPOINTS
from ..running import VirtualFal
from .caller import TRIPO, Caller, draw_picture


def test_it_works(caller: Caller, fal: VirtualFal) -> None:
    job = caller.submit(seed=7)
    base = f"{fal.base_url}/tripo3d/tripo/requests/{job['request_id']}"
    assert job == {
        "status": "IN_QUEUE", "request_id": job["request_id"], "response_url": base, "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel", "queue_position": 0, "logs": None, "metrics": {},
    }  # fmt: skip
    (submit,) = fal.submits()
    assert (submit["endpoint"], submit["arguments"]["seed"], submit["cost"]) == (TRIPO, 7, "0.30")


@pytest.mark.parametrize("authorization", ["", "Key wrong:key", "Bearer x", "Key"])
def test_it_requires_the_key(http: httpx.Client, fal: VirtualFal, authorization: str) -> None:
    response = http.post(f"/{TRIPO}", json={}, headers={"Authorization": authorization})
    assert response.status_code == 401
    assert fal.summary()["submits"] == 0


def test_it_rejects_an_unknown_application(http: httpx.Client, fal: VirtualFal) -> None:
    assert http.post("/acme/unknown/v1", json={}).status_code == 404
    assert fal.summary()["submits"] == 0


def test_it_takes_an_unknown_path_of_a_known_application(caller: Caller) -> None:
    """The mistake shows only at the result, as 404."""
    job = caller.submit("tripo3d/tripo/v9/image-to-3d")
    assert caller.get_result(job).status_code == 404


def test_it_rejects_a_body_that_is_not_json(http: httpx.Client, fal: VirtualFal) -> None:
    response = http.post(f"/{TRIPO}", content=b"{not json")
    assert (response.status_code, response.headers["x-fal-error-type"]) == (400, "bad_request")
    assert fal.summary()["submits"] == 0


@pytest.mark.parametrize("seconds", ["0.05", "soon", "nan"])
def test_it_rejects_an_odd_start_timeout(caller: Caller, seconds: str) -> None:
    assert caller.post(headers={"X-Fal-Request-Timeout": seconds}).status_code == 400


def test_it_rejects_when_the_queue_is_longer_than_asked(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(queue_seconds=60)
    caller.submit()
    assert caller.post(query="?fal_max_queue_length=0").status_code == 429
    assert caller.post(query="?fal_max_queue_length=1").status_code == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504])
def test_it_refuses_as_scripted_and_creates_nothing(caller: Caller, fal: VirtualFal, status: int) -> None:
    fal.script(f"submit-{status}")
    assert caller.post().status_code == status
    assert fal.summary()["submits"] == 0


def test_a_locked_account_is_told_so_at_submit_and_at_storage(caller: Caller, fal: VirtualFal) -> None:
    url = caller.upload_picture()
    fal.script("locked")
    for response in (caller.post(image_url=url), caller.http.post("/storage/upload/initiate", json={})):
        assert response.status_code == 403
        assert response.json()["detail"].startswith("User is locked. Reason: Exhausted balance.")


def test_a_burst_of_refusals_ends(caller: Caller, fal: VirtualFal) -> None:
    fal.script("submit-429-twice")
    url = caller.upload_picture()
    assert [caller.post(image_url=url).status_code for _ in range(3)] == [429, 429, 200]
    assert fal.summary()["submits"] == 1


def test_an_ingress_error_has_no_request_id(caller: Caller, fal: VirtualFal) -> None:
    fal.script("submit-503-nginx")
    response = caller.post()
    assert response.status_code == 503
    assert "nginx" in response.text
    assert "x-fal-request-id" not in response.headers


@pytest.mark.parametrize("name", ["submit-reset", "submit-close"])
def test_the_connection_is_lost_before_the_request_exists(caller: Caller, fal: VirtualFal, name: str) -> None:
    fal.script(name)
    with pytest.raises(httpx.TransportError):
        caller.post()
    assert fal.summary()["submits"] == 0


@pytest.mark.parametrize("name", ["submit-reset-created", "submit-close-created"])
def test_the_connection_is_lost_after_the_request_exists(caller: Caller, fal: VirtualFal, name: str) -> None:
    fal.script(name)
    with pytest.raises(httpx.TransportError):
        caller.post()
    assert fal.summary()["submits"] == 1


def test_an_error_may_hide_a_request_that_exists(caller: Caller, fal: VirtualFal) -> None:
    fal.script("submit-503-created")
    assert caller.post().status_code == 503
    assert fal.summary()["submits"] == 1


def test_the_answer_may_never_come(caller: Caller, fal: VirtualFal) -> None:
    fal.script("submit-hang-created")
    url = caller.upload_picture()
    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(f"/{TRIPO}", json={"image_url": url}, timeout=0.2)
    assert fal.summary()["submits"] == 1


def test_the_answer_may_be_late(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"faults": {"submit": {"kind": "delay", "seconds": 0.3}}})
    assert caller.post().elapsed.total_seconds() >= 0.3


def test_the_answer_may_name_another_host(caller: Caller, fal: VirtualFal) -> None:
    fal.script("submit-foreign-urls")
    assert caller.submit()["status_url"].startswith("https://evil.example/")


@pytest.mark.parametrize("name", ["submit-cut", "submit-text"])
def test_the_answer_may_be_no_json(caller: Caller, fal: VirtualFal, name: str) -> None:
    fal.script(name)
    response = caller.post()
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"line 1 column"):
        response.json()
    assert fal.summary()["submits"] == 1


def test_the_answer_may_end_early(caller: Caller, fal: VirtualFal) -> None:
    fal.script("submit-short")
    with pytest.raises(httpx.RemoteProtocolError):
        caller.post()


def test_a_scenario_may_be_named_by_a_header(caller: Caller, fal: VirtualFal) -> None:
    assert caller.post(headers={"X-Virtual-Fal-Scenario": "submit-429"}).status_code == 429
    assert caller.post().status_code == 200


@pytest.mark.parametrize("endpoint", sorted(ENDPOINTS))
def test_every_endpoint_makes_a_model(caller: Caller, fal: VirtualFal, endpoint: str) -> None:
    picture = caller.upload(draw_picture(side=200)).json()["access_url"]
    arguments: dict[str, Any] = {
        name: [picture] * int(rule.least or 1) if rule.kind == "urls" else picture
        for name, rule in ENDPOINTS[endpoint].inputs.items()
        if rule.required
    }
    response = caller.get_result(caller.submit(endpoint, **arguments))
    assert response.status_code == 200, response.text
    output = response.json()
    files = [value for value in output.values() if isinstance(value, dict) and "url" in value]
    assert files
    for file in files:
        content = caller.http.get(file["url"]).content
        assert len(content) == file["file_size"]
    assert fal.summary()["spend"]["billed"] == str(ENDPOINTS[endpoint].cost(arguments))
