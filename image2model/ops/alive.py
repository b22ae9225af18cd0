"""Does the process answer? Before anything else has a say: no middleware, no thread, no host name, no database."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from image2model.middleware import request_id_var
from image2model.ops.recording import App, Receive, Scope, Send, find_record
from image2model.version import VERSION

SERVICE = "image2model"


def introduce(status: str) -> dict[str, Any]:
    """What every answer about health begins with."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"status": status, "service": SERVICE, "version": VERSION, "timestamp": now}


ANSWERS: dict[str, Callable[[], dict[str, Any]]] = {
    "/health": lambda: introduce("healthy"),
    "/api/v1/health": lambda: introduce("healthy"),
    "/api/v1/health/liveness": lambda: {"status": "alive"},
}


class Alive:
    """Answers the plain questions of load balancers; everything else goes on to the other app."""

    def __init__(self, other: App) -> None:
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removesuffix("/")
        if path not in ANSWERS or scope["method"] not in ("GET", "HEAD") or scope.get("query_string"):
            await self.other(scope, receive, send)
            return
        if record := find_record(scope):
            record.route = path.removeprefix("/")
        await _answer(send, ANSWERS[path](), has_body=scope["method"] == "GET")


async def _answer(send: Send, facts: dict[str, Any], *, has_body: bool) -> None:
    body = json.dumps(facts).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-ID": request_id_var.get(),
    }
    encoded = [(name.lower().encode(), value.encode("ascii")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": encoded})
    await send({"type": "http.response.body", "body": body if has_body else b""})
