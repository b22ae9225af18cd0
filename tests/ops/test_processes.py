"""Metrics, logs and health of the running product: two web processes, two workers of the local engine"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.factories import make_picture
from tests.ops.test_metrics import Samples, find, read_samples
from tests.running import ROOT, Product, run_product, upload, wait_for_job, wait_until
from tests.servers import find_free_port

pytestmark = pytest.mark.stack
PICTURES = 4


@contextmanager
def run_second_web(product: Product) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = find_free_port()
    command = [sys.executable, "-m", "uvicorn", "image2model.asgi:application", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=product.environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_up(url), what="the second web process")
        yield url, process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.TransportError:
        return False


def read(url: str) -> Samples:
    return read_samples(httpx.get(f"{url}/api/v1/health/metrics", timeout=30).raise_for_status().text)


def total(samples: Samples, name: str, **labels: str) -> float:
    """Over all labels that are not named."""
    return sum(value for (found, of), value in samples.items() if found == name and set(labels.items()) <= of)


def draw(folder: Path) -> list[Path]:
    paths = [folder / f"my-private-name-{number}.png" for number in range(PICTURES)]
    for number, path in enumerate(paths):
        path.write_bytes(make_picture(number))
    return paths


def read_log(product: Product) -> list[dict]:
    files = sorted((product.data_dir / "logs").glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def test_it_works(tmp_path: Path) -> None:
    with run_product(tmp_path / "data", workers=2) as product, run_second_web(product) as (second, process):
        before = read(product.url)
        with product.client() as client:
            client.headers["X-Request-ID"] = "request-of-this-test"
            job = upload(client, draw(tmp_path))
            assert wait_for_job(client, job["job_id"])["status"] == "completed"
        for number in range(5):
            httpx.get(f"{product.url}/accounts/login/?n={number}")
            httpx.get(f"{second}/accounts/login/")

        check_sums(before, read(product.url))
        check_sums(before, read(second))
        wait_until(lambda: total(read(second), "workers_alive") == 4, what="a sign of life of every worker")
        check_files(product)
        check_log(product)
        check_counts_after_a_kill(product, process)
        check_health(product)


def check_sums(before: Samples, after: Samples) -> None:
    def grown(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    assert grown("http_requests_total", method="GET", route="accounts/login") == 10
    assert grown("http_request_duration_seconds_count", method="GET", route="accounts/login") == 10
    assert grown("http_requests_total", route="api/v1/upload", status="200") == 1
    assert grown("generations_total", engine="local", status="completed") == PICTURES
    assert grown("generation_duration_seconds_count", engine="local", status="completed") == PICTURES
    assert grown("rq_jobs_total", queue="local", status="finished") >= 1
    assert total(after, "metrics_source_up") == 7


def check_files(product: Product) -> None:
    """Work horses leave nothing behind; their counts were folded by their parents."""
    marks = list((product.data_dir / "metrics").glob("*.alive"))
    counting = len(product.find("uvicorn")) + 1 + len(product.find("manage.py work"))
    assert len(marks) <= counting
    assert (product.data_dir / "metrics" / "counter_folded.db").exists()


def check_log(product: Product) -> None:
    lines = read_log(product)
    text = json.dumps(lines)
    assert "my-private-name" not in text
    assert product.key not in text
    assert product.login[1] not in text
    mine = [line for line in lines if line.get("request_id") == "request-of-this-test"]
    assert {line["process"] for line in mine} >= {"web", "work local"}
    [answered] = [line for line in mine if line.get("route") == "api/v1/upload"]
    assert (answered["method"], answered["status"]) == ("POST", 200)
    assert answered["user_id"] == 1
    ended = [line for line in mine if line["logger"] == "image2model.generations"]
    assert len(ended) == PICTURES


def check_counts_after_a_kill(product: Product, process: subprocess.Popen[bytes]) -> None:
    before = total(read(product.url), "http_requests_total", route="accounts/login")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)

    assert total(read(product.url), "http_requests_total", route="accounts/login") == before


def check_health(product: Product) -> None:
    """Each part is taken away in turn, and comes back without a restart of the rest."""
    detailed = f"{product.url}/api/v1/health/detailed"

    def name_unhealthy() -> list[str]:
        components = httpx.get(detailed, timeout=30).json()["components"]
        return [name for name, found in components.items() if found["status"] == "unhealthy"]

    assert name_unhealthy() == []
    assert httpx.get(detailed).json()["status"] == "healthy"
    [store] = product.find("valkey")
    os.kill(store, signal.SIGSTOP)
    try:
        assert name_unhealthy() == ["redis"]
        assert httpx.get(f"{product.url}/health").status_code == 200
        assert httpx.get(detailed, timeout=30).status_code == 200
    finally:
        os.kill(store, signal.SIGCONT)
    wait_until(lambda: name_unhealthy() == [], what="Redis to be well again")
    assert find(read(product.url), "metrics_source_up", source="redis") == 1
