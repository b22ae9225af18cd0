"""Who is called by webhooks in these tests? A real HTTP server on this machine that notes what it was sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.running import wait_until


@dataclass(frozen=True)
class Received:
    """One call."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split(" ")

    def is_signed_with(self, secret: str) -> bool:
        """As a receiver checks it, written anew from the specification."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.{self.body}"
        expected = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
        return f"v1,{expected}" in self.signatures


Answer = Callable[[Received], tuple[int, dict[str, str], bytes]]


@dataclass
class Receiver:
    """``answer`` says what comes back; 204 without one."""

    port: int = 0
    calls: list[Received] = field(default_factory=list)
    answer: Answer = lambda call: (204, {}, b"")
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def reply(self, *statuses: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """One after the other; the last one for good."""
        left = list(statuses)
        self.answer = lambda call: (left.pop(0) if len(left) > 1 else left[0], headers or {}, body)

    def wait_for(self, number: int, *, seconds: float = 60) -> list[Received]:
        wait_until(lambda: len(self.calls) >= number, what=f"{number} calls", seconds=seconds)
        return self.calls


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            call = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.calls.append(call)
            status, headers, data = receiver.answer(call)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def log_message(self, *message: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
