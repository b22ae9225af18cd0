"""How does the product run in a chaos test? The real programs, with shorter waits and a clock that a test can set.

``python -m tests.chaos.hurry web PORT`` is the web process, ``python -m tests.chaos.hurry work QUEUE`` and any other
command of ``manage.py`` the rest. Nothing but waiting times is changed, and nobody's lease gets longer.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import django

SHARE, MOST_LEASE_SECONDS = 4.0, 6.0
# Module: its waits, in seconds. Loaded by these programs alone, so that the web process stays as it is.
ALWAYS: dict[str, dict[str, Any]] = {
    "jobs.services.fal.unknown": {
        "POST_SECONDS": 8, "LOOK_EVERY_SECONDS": 0.5, "LOOK_MOST_SECONDS": 2, "ASK_PERSON_AFTER": timedelta(seconds=9),
    },
    "jobs.services.fal.breaker": {"PROBE_SECONDS": 1.0},
    "jobs.services.fal.collecting": {"FULL_DISK_SECONDS": 1},
    "jobs.services.fal.pacing": {"QUICK": 0.2, "QUEUE_LEAST": 0.3, "QUEUE_MOST": 1.0, "BACKOFF_MOST": 1.0},
    "jobs.services.fal.provider": {"_OFFER_SECONDS": 0.5},
}  # fmt: skip
OF_WORKERS: dict[str, dict[str, Any]] = {
    "jobs.watcher": {"PACE_SECONDS": 0.4, "SLICE_SECONDS": 8},
    "jobs.workers": {"MONITORING_SECONDS": 1, "WORKER_TTL": 12},
    "jobs.fal.drain": {"KEEP_ALIVE_SECONDS": 1.0, "LOOK_SECONDS": 0.2},
    "jobs.fal.follower": {"TICK_SECONDS": 0.1, "COUNT_EVERY_SECONDS": 0.5},
    "jobs.fal.watching": {"IDLE_SECONDS": 0.2, "PROBE_LOOK_SECONDS": 0.3},
}


def hurry(*, is_worker: bool) -> None:
    django.setup()
    shorten_leases()
    for module, waits in {**ALWAYS, **(OF_WORKERS if is_worker else {})}.items():
        for name, value in waits.items():
            assert hasattr(import_module(module), name), f"{module}.{name} is gone"
            setattr(import_module(module), name, value)
    if is_worker:
        shorten_calls()


def shorten_leases() -> None:
    """In every module that has taken the function up already, and in those to come."""
    generations = import_module("jobs.models.generations")
    real: Callable[[float], Any] = generations.lease_for

    def lease_for(seconds: float) -> Any:
        return real(min(seconds / SHARE, MOST_LEASE_SECONDS))

    for module in list(sys.modules.values()):
        if getattr(module, "lease_for", None) is real:
            module.lease_for = lease_for  # type: ignore[attr-defined]


def shorten_calls() -> None:
    """FAL's engines take a second here, and nobody waits two minutes for an answer."""
    catalog, client, wire = (
        import_module(name) for name in ("jobs.catalog", "jobs.fal.client", "jobs.engines.fal.wire")
    )
    for engine_id, entry in catalog.ENGINES.items():
        catalog.ENGINES[engine_id] = type(entry)(**{**vars(entry), "typical_seconds": 1})
    client.limits = wire.Limits(
        connect_seconds=2, submit_seconds=5, answer_seconds=4, upload_seconds=5, download_seconds=15,
        download_pause_seconds=0.1, window_seconds=3,
    )  # fmt: skip


def shift_clock(told: Path) -> None:
    """What the process takes for the time is so many seconds off as the file says; the database's clock is right."""
    real_time, real_datetime = time.time, datetime

    def offset() -> float:
        return float(told.read_text() or 0) if told.exists() else 0.0

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real_datetime.now(tz) + timedelta(seconds=offset())

    time.time = lambda: real_time() + offset()
    for name, module in list(sys.modules.items()):
        is_ours = name.split(".")[0] in ("jobs", "accounts", "image2model", "rq") or name == "django.utils.timezone"
        if is_ours and getattr(module, "datetime", None) is real_datetime:
            module.datetime = Shifted  # type: ignore[attr-defined]


def main(program: str, *arguments: str) -> None:
    hurry(is_worker=program != "web")
    if program == "web":
        import_module("image2model.asgi")
    if "CLOCK_FILE" in os.environ:
        shift_clock(Path(os.environ["CLOCK_FILE"]))
    if program == "web":
        uvicorn = import_module("uvicorn")
        uvicorn.run(
            "image2model.asgi:application", host="127.0.0.1", port=int(arguments[0]), timeout_graceful_shutdown=2,
            log_level="warning", access_log=False, server_header=False,
        )  # fmt: skip
    else:
        import_module("django.core.management").execute_from_command_line(["manage.py", program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
