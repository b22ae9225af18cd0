"""How do the tests ask the whole ASGI application, as a server does?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from image2model.asgi import application


@dataclass(kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"", app: Any = None
) -> Answer:
    """One request, to its end."""
    messages: list[dict[str, Any]] = []
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])
    headers = {**(headers or {}), **({"content-length": str(len(body))} if body else {})}

    async def receive() -> dict[str, Any]:
        for request in requests:
            return request
        await asyncio.Event().wait()  # nobody leaves
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await (app or application)(make_scope(path, method=method, headers=headers), receive, send)
    start = messages[0]
    return Answer(
        status=start["status"],
        headers={name.decode().lower(): value.decode() for name, value in start["headers"]},
        body=b"".join(message.get("body", b"") for message in messages[1:]),
    )


def make_scope(path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    place, _, query = path.partition("?")
    sent = {"host": "testserver", **(headers or {})}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
