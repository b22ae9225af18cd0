"""What is one HTTP call to the virtual FAL? The request, where it came in, its line in the ledger, ways to answer."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .errors import Failure
from .hosts import Place
from .ledger import Entry
from .world import World

_JSON = "application/json"


@dataclass(slots=True)
class Call:
    world: World
    request: web.BaseRequest
    entry: Entry
    place: Place
    path: str

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    async def read_body(self) -> bytes:
        return await self.request.content.read()

    async def read_json(self) -> Any:
        return json.loads(await self.read_body() or b"null")

    def has_key(self) -> bool:
        sent = self.request.headers.get("Authorization", "")
        return hmac.compare_digest(sent.encode(), f"Key {self.world.options.key}".encode())

    def note(self, *, request_id: str = "", endpoint: str = "", picture: str = "", marker: str = "") -> None:
        entry = self.entry
        entry.request_id, entry.endpoint = request_id or entry.request_id, endpoint or entry.endpoint
        entry.picture, entry.marker = picture or entry.picture, marker or entry.marker


def answer_json(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=json.dumps(value).encode(), status=status, headers=headers, content_type=_JSON)


def answer_bytes(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type=_JSON)


def answer_failure(failure: Failure, *, headers: Mapping[str, str] | None = None) -> web.Response:
    return answer_value(failure.body, status=failure.status, headers={**(headers or {}), **failure.headers})


def answer_value(
    body: Any, *, status: int, headers: Mapping[str, str] | None = None, content_type: str = ""
) -> web.Response:
    """JSON for a value, text as it stands."""
    if not isinstance(body, str):
        return answer_json(body, status=status, headers=headers)
    kept = dict(headers or {})
    kind = content_type or kept.pop("Content-Type", "text/plain")
    return web.Response(body=body.encode(), status=status, headers=kept, content_type=kind)


def refuse(status: int, detail: str) -> web.Response:
    return answer_json({"detail": detail}, status=status)
