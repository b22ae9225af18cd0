"""Which server do these tests talk to? One for all of them, reset before each."""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from ..running import VirtualFal, run_virtual_fal
from .caller import Caller


@pytest.fixture(scope="session")
def server() -> Iterator[VirtualFal]:
    with run_virtual_fal(run_seconds=0.05, concurrency=0, tls_port=0, webhook_retry_seconds=0.05) as fal:
        yield fal


@pytest.fixture
def fal(server: VirtualFal) -> VirtualFal:
    server.reset()
    return server


@pytest.fixture
def http(fal: VirtualFal) -> Iterator[httpx.Client]:
    """Plain calls with the key, all of FAL on one port."""
    headers = {"Authorization": f"Key {fal.key}"}
    with httpx.Client(base_url=fal.base_url, headers=headers, trust_env=False, timeout=60, verify=False) as client:
        yield client


@pytest.fixture
def caller(http: httpx.Client) -> Caller:
    return Caller(http)


@pytest.fixture
def leaky_library() -> Iterator[None]:
    """fal_client closes neither its clients nor those of uploads: they go before the next test is blamed for them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@dataclass
class Delivery:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server that takes webhooks; ``answers`` are given in turn, then 200."""

    url: str
    answers: list[int] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, *, timeout: float = 60.0) -> list[Delivery]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.deliveries) >= count, timeout), len(self.deliveries)
            return list(self.deliveries)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with taken.arrived:
                taken.deliveries.append(Delivery(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer = taken.answers.pop(0) if taken.answers else 200
                taken.arrived.notify_all()
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Receiver(f"http://127.0.0.1:{server.server_port}/webhooks/token-of-attempt")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield taken
    server.shutdown()
    thread.join()
    server.server_close()
