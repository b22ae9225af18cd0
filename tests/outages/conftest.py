"""What do the tests of outages take away? Servers of a running product that can be stopped and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from image2model.supervisor.processes import die_with_this_process
from tests.chaos.servers import describe_valkey, prepare_postgres
from tests.running import Product, find_descendants, run_product, wait_until
from tests.servers import find_free_port

NOTICED_SECONDS = 60  # ten are promised; the machine may be six times slower
ANSWER_SECONDS = 18  # three are promised


@dataclass(kw_only=True)
class Server:
    """Valkey or PostgreSQL, with the command that starts it."""

    command: list[str]
    log: Path
    identity: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                preexec_fn=die_with_this_process(signal.SIGKILL), **self.identity,
            )  # fmt: skip

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(90)


@dataclass(kw_only=True)
class Site:
    """The product with everything that it hangs on, and somebody with a key."""

    product: Product
    redis: Server
    database: Server
    client: httpx.Client

    def read_health(self) -> dict[str, str]:
        """Each component's state, as the detailed health tells it now."""
        answer = self.client.get("/api/v1/health/detailed")
        return {name: found["status"] for name, found in answer.json()["components"].items()}

    def name_unhealthy(self) -> list[str]:
        return [name for name, status in self.read_health().items() if status == "unhealthy"]

    def wait_for_health(self, *unhealthy: str, what: str) -> None:
        wait_until(lambda: self.name_unhealthy() == list(unhealthy), what=what, seconds=NOTICED_SECONDS)

    def wait_until_well(self) -> None:
        """Without a restart of anything."""
        wait_until(lambda: set(self.read_health().values()) == {"healthy"}, what="everything to be well again")

    def is_alive(self) -> bool:
        answer = self.client.get("/health")
        return answer.status_code == 200 and answer.json()["status"] == "healthy"

    def find_workers(self, queue: str = "") -> list[int]:
        parents = self.product.find(f"manage.py work {queue}".strip())
        return [*parents, *(pid for parent in parents for pid in find_descendants(parent))]


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """They do nothing any more, and nobody starts others in their place."""
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def measured(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="image2model-outages-"))
    redis_port, database_port = find_free_port(), find_free_port()
    redis = Server(command=describe_valkey(folder / "valkey", port=redis_port, keep=True), log=folder / "valkey.log")
    command, owner = prepare_postgres(folder, port=database_port)
    identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    database = Server(command=command, log=folder / "postgres.log", identity=identity)
    settings = {
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "DATABASE_URL": f"postgres://postgres@127.0.0.1:{database_port}/postgres",
    }
    try:
        redis.start()
        database.start()
        wait_until(lambda: "ready to accept" in (folder / "postgres.log").read_text(), what="PostgreSQL")
        with run_product(folder / "data", workers=1, **settings) as product, product.client() as client:
            running = Site(product=product, redis=redis, database=database, client=client)
            running.wait_until_well()
            yield running
    finally:
        redis.stop()
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)
