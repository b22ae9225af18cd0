"""Which server is fuzzed? The real one, on a database of its own with work in every state."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from image2model.supervisor.processes import die_with_this_process
from tests.running import ROOT, build_environment, wait_until
from tests.servers import find_free_port, run_valkey

SETTINGS = {
    "SECRET_KEY": "only-for-fuzzing-0123456789-0123456789-0123456789",
    "RATE_LIMIT_UPLOAD": "100000/min",  # limits have tests of their own: tests/limits
    "MAX_STREAMS": "500",
    "ALLOW_PRIVATE_WEBHOOKS": "true",
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A running server, and what is on it."""

    url: str
    keys: dict[str, str]
    ids: dict[str, list[str]]
    log: Path


@contextmanager
def run_target(folder: Path) -> Iterator[Target]:
    with run_valkey(folder) as valkey:
        environment = build_environment(folder / "data", REDIS_URL=valkey, **SETTINGS)
        _run("manage.py", "migrate", "--verbosity", "0", environment=environment)
        facts: dict[str, Any] = json.loads(_run("-m", "tests.fuzz.seed", environment=environment))
        log, port = folder / "server.log", find_free_port()
        with _serve(port, environment=environment, log=log):
            yield Target(url=f"http://127.0.0.1:{port}", log=log, **facts)


def _run(*command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def _serve(port: int, *, environment: dict[str, str], log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "uvicorn", "image2model.asgi:application", "--port", str(port), "--no-access-log"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_this_process(signal.SIGKILL),
        )
    try:
        wait_until(lambda: _is_up(port), what=f"the server: {log}")
        yield
    finally:
        process.terminate()
        process.wait(60)


def _is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    except httpx.TransportError:
        return False
