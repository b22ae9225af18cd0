"""Does each part really work? Asked one beside the other, each for no longer than it may take."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.db.models import Count, Min
from django.db.models.functions import Now
from django.utils import timezone

from jobs import queue
from jobs.models import Generation, WorkerHeartbeat
from jobs.states import Status

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 2.0
ALIVE_WITHIN = timedelta(seconds=60)
WAITS_TOO_LONG = timedelta(minutes=10)
LOW_SHARE = 0.05  # of the disk that is free
NEEDED_QUEUES = (queue.LOCAL, queue.POST, queue.WATCH)
STARTED = time.monotonic()


class Health(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found; details are for those who may know them."""

    status: Health
    details: Mapping[str, Any] = field(default_factory=dict)
    response_time_ms: float = 0.0


Check = Callable[[], Finding]


def run_checks(checks: Mapping[str, Check], *, timeout: float = TIMEOUT_SECONDS) -> dict[str, Finding]:
    """All at once. One that hangs is unhealthy and is left behind; one that raises says why."""
    findings: dict[str, Finding] = {}
    threads = [
        threading.Thread(target=_run, args=(name, check, findings), daemon=True) for name, check in checks.items()
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = Finding(status=Health.UNHEALTHY, details={"error": "timeout"}, response_time_ms=timeout * 1000)
    return {name: findings.get(name, late) for name in checks}


def _run(name: str, check: Check, findings: dict[str, Finding]) -> None:
    began = time.perf_counter()
    try:
        found = check()
    except Exception as error:  # whatever it is, it is the finding
        logger.warning("The health check of %s failed: %s", name, error)
        found = Finding(status=Health.UNHEALTHY, details={"error": type(error).__name__})
    finally:
        connections.close_all()  # this thread's own
    spent = round((time.perf_counter() - began) * 1000, 2)
    findings[name] = Finding(status=found.status, details=found.details, response_time_ms=spent)


def check_database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Finding(status=Health.HEALTHY, details={"vendor": connection.vendor})


def check_redis() -> Finding:
    queue.get_connection().ping()
    memory = queue.get_connection().info("memory")
    return Finding(status=Health.HEALTHY, details={"used_memory_bytes": memory["used_memory"]})


def check_workers() -> Finding:
    """Somebody must listen to every queue. Read from the database: Redis may be gone."""
    alive = WorkerHeartbeat.objects.filter(beat_at__gt=Now() - ALIVE_WITHIN)
    found = dict(alive.order_by().values_list("queue").annotate(number=Count("name")))
    missing = [name for name in NEEDED_QUEUES if not found.get(name)]
    status = Health.HEALTHY if not missing else Health.UNHEALTHY if not found else Health.DEGRADED
    return Finding(status=status, details={"alive": found, "missing": missing, "count": sum(found.values())})


def check_queue() -> Finding:
    """How much waits, and for how long?"""
    waiting = Generation.objects.filter(status=Status.QUEUED, job__deleted_at=None)
    facts = waiting.aggregate(number=Count("id"), since=Min("created_at"))
    age = timezone.now() - facts["since"] if facts["since"] else timedelta()
    status = Health.DEGRADED if age > WAITS_TOO_LONG else Health.HEALTHY
    return Finding(status=status, details={"waiting": facts["number"], "oldest_seconds": round(age.total_seconds())})


def check_storage() -> Finding:
    """Written, read and removed, and is there room?"""
    name, word = f"health/{uuid4().hex}", uuid4().bytes
    stored = default_storage.save(name, ContentFile(word))
    try:
        with default_storage.open(stored) as file:
            is_same = file.read() == word
    finally:
        default_storage.delete(stored)
    disk = shutil.disk_usage(settings.DATA_DIR)
    share = disk.free / disk.total
    status = Health.UNHEALTHY if not is_same else Health.DEGRADED if share < LOW_SHARE else Health.HEALTHY
    return Finding(status=status, details={"free_bytes": disk.free, "free_percent": round(share * 100, 1)})


READINESS: dict[str, Check] = {"database": check_database, "storage": check_storage}
ALL: dict[str, Check] = {
    **READINESS,
    "redis": check_redis,
    "workers": check_workers,
    "queue": check_queue,
}
MATTERS = frozenset({"database", "storage", "redis", "workers"})  # without one of these no model is made


def sum_up(findings: Mapping[str, Finding]) -> Health:
    if any(name in MATTERS and found.status == Health.UNHEALTHY for name, found in findings.items()):
        return Health.UNHEALTHY
    if any(found.status != Health.HEALTHY for found in findings.values()):
        return Health.DEGRADED
    return Health.HEALTHY


def name_failed(findings: Mapping[str, Finding]) -> Sequence[str]:
    return [name for name, found in findings.items() if found.status == Health.UNHEALTHY]


def describe_system() -> dict[str, Any]:
    load = os.getloadavg()
    return {"cpu_count": os.cpu_count() or 1, "load_average": [round(value, 2) for value in load]}


def uptime_seconds() -> float:
    return round(time.monotonic() - STARTED, 1)
