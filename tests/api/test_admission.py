"""What is refused before its body is read. Asked of the whole ASGI application."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.models import User
from accounts.services import create_api_key
from image2model.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)

MEBIBYTE = 1024 * 1024


class Exchange:
    """One request to the application. Its body is 10 bytes, whatever the headers promise."""

    def __init__(self, method: str = "POST", path: str = "/api/v1/upload", **headers: str) -> None:
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        self.scope = {"type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
                      "query_string": b"", "root_path": "", "scheme": "http", "server": ("testserver", 80),
                      "client": ("127.0.0.1", 1), "headers": [(b"host", b"testserver"), *named]}  # fmt: skip
        self.was_asked = self.was_read = False
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self.was_asked:
            await asyncio.Event().wait()  # the client stays and says nothing more
        self.was_asked = True
        self.was_read = not self.sent  # after the answer, what still comes is only thrown away
        return {"type": "http.request", "body": b"0123456789", "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def run(self) -> tuple[int, str]:
        await application(self.scope, self.receive, self.send)
        body = b"".join(message.get("body", b"") for message in self.sent[1:])
        return self.sent[0]["status"], json.loads(body)["error_code"]

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}


async def make_key(user: User, *, scopes: tuple[str, ...] = ("read", "write")) -> str:
    _, key = await sync_to_async(create_api_key)(user, name="tests", scopes=scopes)
    return f"Bearer {key}"


async def test_it_works(alice: User) -> None:
    exchange = Exchange(authorization=await make_key(alice), content_type="text/plain", content_length="10")

    assert await exchange.run() == (415, "unsupported_media_type")
    assert exchange.was_read


async def test_b06_a_body_that_cannot_fit_is_not_read(alice: User) -> None:
    exchange = Exchange(authorization=await make_key(alice), content_length=str(260 * MEBIBYTE + 1))

    assert await exchange.run() == (413, "request_too_large")
    assert not exchange.was_read
    assert exchange.headers["connection"] == "close"
    assert exchange.headers["x-request-id"]


async def test_b06_also_for_pages() -> None:
    exchange = Exchange(path="/upload/", content_length=str(260 * MEBIBYTE + 1))

    assert await exchange.run() == (413, "request_too_large")
    assert not exchange.was_read


async def test_b16_a_body_of_unknown_length_is_not_read(alice: User) -> None:
    exchange = Exchange(authorization=await make_key(alice), transfer_encoding="chunked")

    assert await exchange.run() == (411, "length_required")
    assert not exchange.was_read


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content_length": str(MEBIBYTE)}, "not_authenticated"),
        ({"transfer_encoding": "chunked"}, "not_authenticated"),
        ({"content_length": str(MEBIBYTE), "authorization": "Bearer i2m_wrong"}, "invalid_api_key"),
        ({"content_length": "10", "expect": "100-continue", "authorization": "Bearer i2m_wrong"}, "invalid_api_key"),
    ],
)
async def test_d17_a_large_body_of_nobody_is_not_read(headers: dict[str, str], code: str) -> None:
    exchange = Exchange(**headers)

    assert await exchange.run() == (401, code)
    assert not exchange.was_read
    assert exchange.headers["www-authenticate"] == "Bearer"


async def test_a_key_that_may_only_write_may_send(alice: User) -> None:
    key = await make_key(alice, scopes=("write",))
    exchange = Exchange(authorization=key, content_type="text/plain", content_length=str(MEBIBYTE))

    assert await exchange.run() == (415, "unsupported_media_type")


async def test_a_small_body_costs_no_second_look(alice: User) -> None:
    exchange = Exchange(content_type="application/json", content_length="10")

    assert await exchange.run() == (401, "not_authenticated")
    assert exchange.was_read
