"""How does a test listen? A client that speaks ASGI to the whole application, as a server would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from channels.testing import WebsocketCommunicator

from accounts.models import User
from accounts.services import create_api_key
from image2model.asgi import application

PATIENCE = 60


class Socket(WebsocketCommunicator):
    """A websocket's client that waits for a busy machine too; the library gives up after a second."""

    async def connect(self, timeout: float = PATIENCE) -> tuple[bool, Any]:
        return await super().connect(timeout)

    async def receive_json_from(self, timeout: float = PATIENCE) -> Any:
        return await super().receive_json_from(timeout)

    async def receive_output(self, timeout: float = PATIENCE) -> dict[str, Any]:
        return await super().receive_output(timeout)

    async def disconnect(self, code: int = 1000, timeout: float = PATIENCE) -> None:
        await super().disconnect(code, timeout)


@dataclass
class Stream:
    """An open stream: its answer and what has come so far."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    ended: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        async with self.changed:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            else:
                self.text += message.get("body", b"").decode()
                self.ended = not message.get("more_body", False)
            self.changed.notify_all()

    async def wait_until(self, condition: Any) -> None:
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(condition)

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [parse_frame(block) for block in self.text.split("\n\n") if "event: " in block]

    async def wait_for_frames(self, number: int) -> list[dict[str, Any]]:
        await self.wait_until(lambda: len(self.frames) >= number)
        return self.frames

    async def wait_for_end(self) -> list[dict[str, Any]]:
        await self.wait_until(lambda: self.ended)
        return self.frames

    def json(self) -> Any:
        return json.loads(self.text)


def parse_frame(block: str) -> dict[str, Any]:
    fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
    number = fields.get("id")
    return {"id": int(number) if number else None, "event": fields["event"], "data": json.loads(fields["data"])}


def bearer(user: User, **options: Any) -> dict[str, str]:
    _, raw = create_api_key(user, name="test", scopes=options.get("scopes", ["read"]))
    return {"authorization": f"Bearer {raw}"}


def make_scope(url: str, headers: dict[str, str], *, method: str = "GET", kind: str = "http") -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"testserver"), *((k.encode(), v.encode()) for k, v in headers.items())],
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 12345),
        "state": {},
    }


@asynccontextmanager
async def open_stream(url: str, headers: dict[str, str] | None = None, *, method: str = "GET") -> AsyncIterator[Stream]:
    """A stream that has answered; left at the end as a client leaves."""
    stream = Stream()
    app = asyncio.create_task(application(make_scope(url, headers or {}, method=method), stream.receive, stream.send))
    try:
        await stream.wait_until(lambda: stream.status or app.done())
        if stream.status >= 400 or stream.status == 204:
            await stream.wait_until(lambda: stream.ended)
        yield stream
    finally:
        stream.left.set()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(app, PATIENCE)
