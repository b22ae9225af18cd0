"""What is put under load? Web processes, store and database of the product in a private directory, or the reference."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.running import build_environment
from tests.servers import find_free_port, run_valkey

ROOT = Path(__file__).resolve().parents[2]
WEB_PROCESSES = 2


@dataclass(frozen=True, kw_only=True)
class Site:
    """A running server: ``pid`` is the parent of its web processes."""

    url: str
    pid: int
    environment: dict[str, str]
    keys: tuple[str, ...] = ()


@contextmanager
def run_reference(folder: Path, *, processes: int = WEB_PROCESSES) -> Iterator[Site]:
    environment = {**os.environ, "TMPDIR": str(folder)}
    with _serve("tests.load.reference:take", environment, processes=processes) as (url, pid):
        yield Site(url=url, pid=pid, environment=environment)


@contextmanager
def run_site(folder: Path, *, users: int, processes: int = WEB_PROCESSES, **settings: str) -> Iterator[Site]:
    """The product's web processes alone, with so many users and a key of each. Nobody works what is queued."""
    with run_valkey(folder) as redis_url:
        environment = build_environment(
            folder / "data", REDIS_URL=redis_url, SECRET_KEY="s" * 50, RATE_LIMIT_UPLOAD="1000000/min",
            LOG_FORMAT="text", MAX_ACTIVE_GENERATIONS="1000000", MAX_QUEUED_GENERATIONS="1000000", MAX_STREAMS="1000",
            **settings,
        )  # fmt: skip
        run_python(environment, "import django; django.setup(); from django.core.management import call_command;"
                   " call_command('migrate', verbosity=0)")  # fmt: skip
        keys = run_python(environment, f"import tests.load.rows as rows; rows.make_keys({users})").split()
        with _serve("image2model.asgi:application", environment, processes=processes) as (url, pid):
            yield Site(url=url, pid=pid, environment=environment, keys=tuple(keys))


def run_python(environment: dict[str, str], code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, text=True, stdout=subprocess.PIPE).stdout


@contextmanager
def _serve(app: str, environment: dict[str, str], *, processes: int) -> Iterator[tuple[str, int]]:
    port = find_free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(processes)]
    quiet = ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", app, *options, *quiet], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(url, times=4 * processes)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_it_answers(url: str, *, times: int) -> None:
    """Several times in a row: each of the processes has its own beginning."""
    end, heard = time.monotonic() + 300, 0
    while heard < times:
        assert time.monotonic() < end, "the server does not answer"
        try:
            heard += httpx.get(f"{url}/health").status_code == 200
        except httpx.TransportError:
            time.sleep(0.05)  # the pace of asking


def sum_up(seconds: Sequence[float]) -> dict[str, float | None]:
    """Milliseconds: the median, the tail and the worst."""
    ordered = sorted(seconds)

    def at(share: float) -> float | None:
        return round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) if ordered else None

    return {"p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "max_ms": at(1)}
