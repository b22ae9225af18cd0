"""How do many processes call at once? Each of them is this program: told what to call, then as fast as it can.

Reads one order as JSON for each line of its input: ``{"key", "call", "each", "settings"}``; a first line of it makes
it ready, a second one lets it go. Prints the status, error code, job id and limit headers of each answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES = 8


@dataclass(frozen=True)
class Result:
    """What came of one call."""

    status: int
    code: str
    job_id: str
    headers: dict[str, str]


class Crowd:
    """So many processes that wait for an order."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self.processes = processes

    def call(self, key: str, call: str, *, each: int = 1, **settings: Any) -> list[Result]:
        """So many calls by each, begun together."""
        order = json.dumps({"key": key, "call": call, "each": each, "settings": settings})
        self._tell(order)
        assert {process.stdout.readline() for process in self.processes} == {"ready\n"}
        self._tell("go")
        answers = [json.loads(process.stdout.readline()) for process in self.processes]
        return [Result(*entry) for answer in answers for entry in answer]

    def _tell(self, line: str) -> None:
        for process in self.processes:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()


@contextmanager
def gather(number: int = PROCESSES) -> Iterator[Crowd]:
    command = [sys.executable, "-m", "tests.limits.hammer"]
    environment = {**os.environ, "DATABASE_URL": describe_database()}
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(number)
    ]
    try:
        yield Crowd(processes)
    finally:
        for process in processes:
            process.communicate(timeout=60)  # the end of its input ends it


def describe_database() -> str:
    """The test's own database, for other processes."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite://{found['NAME']}"
    return f"postgres://{found['USER']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def count_codes(results: list[Result]) -> Counter[tuple[int, str]]:
    return Counter((result.status, result.code) for result in results)


def main() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "image2model.settings"
    django.setup()
    from django.test import override_settings

    for line in sys.stdin:
        order = json.loads(line)
        with override_settings(**order["settings"]):
            _say(json.dumps(_carry_out(order)))


def _carry_out(order: dict[str, Any]) -> list[tuple[int, str, str, dict[str, str]]]:
    from django.db import connections
    from django.test import Client

    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {order['key']}"})
    client.get("/api/v1/account")  # everything is loaded
    _say("ready")
    sys.stdin.readline()
    try:
        return [_look(CALLS[order["call"]](client, turn)) for turn in range(order["each"])]
    finally:
        connections.close_all()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _look(response: Any) -> tuple[int, str, str, dict[str, str]]:
    body = response.json()
    told = {name: value for name, value in response.headers.items() if name.startswith(("X-Rate", "Retry"))}
    return response.status_code, body.get("error_code", ""), body.get("job_id", ""), told


def upload(client: Any, turn: int) -> Any:
    """Each call brings a picture of its own."""
    return _upload(client, os.getpid() * 100 + turn)


def upload_large(client: Any, turn: int) -> Any:
    """Of some 300 KB."""
    return _upload(client, os.getpid() * 100 + turn, size=320)


def upload_the_same(client: Any, turn: int) -> Any:
    return _upload(client, 0, headers={"Idempotency-Key": "one-for-all"})


def upload_under_one_key(client: Any, turn: int) -> Any:
    return _upload(client, os.getpid() * 100 + turn, headers={"Idempotency-Key": "one-for-all"})


def store_the_same(client: Any, turn: int) -> Any:
    return _upload(client, 0, path="/api/v1/images", headers={"Idempotency-Key": "one-for-all"})


def _upload(client: Any, number: int, *, size: int = 40, path: str = "/api/v1/upload", **more: Any) -> Any:
    from tests.api.client import BOUNDARY, encode_form

    body = encode_form((("files", "a.png", draw_noise(number, size=size)),))
    return client.generic("POST", path, body, f"multipart/form-data; boundary={BOUNDARY}", **more)


def draw_noise(number: int, *, size: int) -> bytes:
    """A picture that no compression makes smaller, another one for each number."""
    from random import Random

    from PIL import Image

    from tests.pictures import encode_png

    return encode_png(Image.frombytes("RGB", (size, size), Random(number).randbytes(size * size * 3)))


CALLS: dict[str, Callable[[Any, int], Any]] = {
    call.__name__: call for call in (upload, upload_large, upload_the_same, upload_under_one_key, store_the_same)
}

if __name__ == "__main__":
    main()
