"""What do these tests share? A receiver of webhooks, a healthy set of processes, and callers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client
from django.utils import timezone

from image2model.models import RunningProcess
from image2model.ops import presence
from jobs.models import WorkerHeartbeat
from jobs.services.processes import hold_lease, note_heartbeat
from tests.api.conftest import api, nobody  # noqa: F401
from tests.factories import UserFactory


@dataclass
class Receiver:
    """A server that takes messages as Slack does; ``status`` is what it answers."""

    url: str = ""
    status: int = 200
    got: list[dict] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/json"
            if receiver.status == 200:
                receiver.got.append(json.loads(body))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks/T0/B0"
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def processes(db) -> Iterator[None]:
    """As a running portal has them: a worker of each queue, somebody who watches, and a web process."""
    for kind in ("local", "post", "watch", "web"):
        if kind != "web":
            note_heartbeat(f"{kind}-1", queue=kind)
        presence.note_presence(f"{kind}-1", kind=kind)
    later = timezone.now() + timedelta(hours=1)  # however slow the machine is, they do not fall silent
    WorkerHeartbeat.objects.update(beat_at=later)
    RunningProcess.objects.update(beat_at=later)
    hold_lease("watcher", holder="watch-1", seconds=600)
    yield
    for kind in ("local", "post", "watch", "web"):
        presence.forget_presence(f"{kind}-1")
    WorkerHeartbeat.objects.all().delete()


@pytest.fixture
def staff(db) -> Client:
    client = Client()
    client.force_login(UserFactory(email="root@example.org", is_staff=True, is_superuser=True))
    return client
