"""Drift and alerts of the running product: real processes, a real receiver, a restart in between"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import ROOT, Product, run_product, wait_until
from tests.watching.conftest import Receiver

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


@contextmanager
def run_strange_worker(product: Product, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """One more worker of the same installation, with other settings."""
    command = [sys.executable, "manage.py", "work", "post"]
    process = subprocess.Popen(command, cwd=ROOT, env=product.environment | settings, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def read_workers(client: httpx.Client) -> dict[str, Any]:
    return client.get("/api/v1/health/detailed").json()["components"]["workers"]


def test_it_works(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"ALERT_WEBHOOK_URL": receiver.url, "ALERT_DISK_PERCENT": "1"}
    data_dir = tmp_path / "data"
    with run_product(data_dir, workers=1, **settings) as product, product.client() as client:
        check_processes(product, client)
        check_drift(product, client)
        check_alert(receiver)
    with run_product(data_dir, workers=1, **settings) as product, product.client() as client:
        product.key = ""
        wait_until(lambda: read_workers(client)["status"] == "healthy", what="the second start to be well")
        look_twice(data_dir, product)
        assert len(receiver.got) == 1
    with run_product(data_dir, workers=1, **settings | {"ALERT_DISK_PERCENT": "100"}):
        wait_until(lambda: len(receiver.got) == 2, what="the word that it is over", seconds=120)
        assert receiver.texts[1].startswith(":white_check_mark: It is over")


def check_processes(product: Product, client: httpx.Client) -> None:
    def kinds() -> list[str]:
        return sorted(process["kind"] for process in read_workers(client)["details"]["processes"])

    wait_until(lambda: set(kinds()) == {"local", "post", "watch", "web"}, what="a sign of life of every process")
    wait_until(lambda: read_workers(client)["status"] == "healthy", what="all of them to agree")
    listed = read_workers(client)["details"]["processes"]
    assert len({process["settings"] for process in listed}) == 1
    [web] = [process for process in listed if process["kind"] == "web"]
    assert web["pid"] in product.find("uvicorn")


def check_drift(product: Product, client: httpx.Client) -> None:
    with run_strange_worker(product, MAX_FILES="7"):
        found = wait_until(
            lambda: (workers := read_workers(client))["status"] == "unhealthy" and workers, what="the drift to be seen"
        )
        assert found["details"]["drift"] == ["settings differ: MAX_FILES"]
        assert client.get("/api/v1/health/detailed").status_code == 200
        metrics = client.get("/api/v1/health/metrics").text
        assert "\nprocess_drift 1.0\n" in metrics
    wait_until(lambda: read_workers(client)["status"] == "healthy", what="the drift to be over")


def check_alert(receiver: Receiver) -> None:
    wait_until(lambda: receiver.got, what="the alert about the disk")
    [text] = receiver.texts
    assert text.startswith(":rotating_light: The disk is more than 1 % full.")


def look_twice(data_dir: Path, product: Product) -> None:
    """The watcher has looked again since the start: its lease was renewed twice."""
    seen: set[str] = set()

    def has_looked() -> bool:
        code = "from image2model.models import Outage; print(Outage.objects.get(name='disk').seen_at)"
        seen.add(product.manage("shell", "--verbosity", "0", "-c", code).stdout.strip())
        return len(seen) >= 3

    wait_until(has_looked, what="two more looks")
