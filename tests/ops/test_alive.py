"""GET /health, before Django"""

from __future__ import annotations

import pytest

from image2model.ops.alive import Alive
from tests.ops.asgi import ask


async def refuse(scope, receive, send) -> None:
    raise AssertionError("it was asked")


@pytest.mark.parametrize("path", ["/health", "/health/", "/api/v1/health", "/api/v1/health/"])
async def test_it_works_without_anything(path: str) -> None:
    answer = await ask(path, headers={"host": "10.1.2.3"}, app=Alive(refuse))

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["status"], body["service"]) == ("healthy", "image2model")
    assert set(body) == {"status", "service", "version", "timestamp"}


async def test_it_is_alive() -> None:
    assert (await ask("/api/v1/health/liveness", app=Alive(refuse))).json() == {"status": "alive"}


async def test_it_takes_the_callers_request_id() -> None:
    answer = await ask("/health", headers={"X-Request-ID": "probe-7"})

    assert answer.headers["x-request-id"] == "probe-7"


async def test_head_has_no_body() -> None:
    answer = await ask("/health", method="HEAD", app=Alive(refuse))

    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(("method", "path"), [("POST", "/health"), ("GET", "/health?x=1"), ("GET", "/health/detailed")])
async def test_anything_else_goes_on(method: str, path: str) -> None:
    with pytest.raises(AssertionError, match="it was asked"):
        await ask(path, method=method, app=Alive(refuse))
