"""How is each part of the product? Every answer is measured now, none is remembered."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Count, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from image2model.ops import presence
from image2model.ops.health import Check, Finding, Health
from image2model.version import VERSION
from jobs import queue
from jobs.models import Attempt, Generation, Provider, WorkerHeartbeat
from jobs.services.processes import is_lease_live
from jobs.states import Status, WaitingReason

ALIVE_WITHIN = timedelta(seconds=10)  # whoever lives says so every three seconds, at work for FAL every five
WAITS_TOO_LONG = timedelta(minutes=15)
LOW_SHARE = 0.05  # of the disk that is free
NEEDED_QUEUES = (queue.LOCAL, queue.POST, queue.WATCH)
WATCHER = "watcher"  # the lease of whoever watches
HAND_OVER_SECONDS = 1.2  # between two slices of watching nobody holds the lease for a moment


def check_database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Finding(status=Health.HEALTHY, details={"vendor": connection.vendor})


def check_redis() -> Finding:
    redis = queue.get_connection()
    memory = redis.info("memory")
    used, most, policy = memory["used_memory"], memory["maxmemory"], memory["maxmemory_policy"]
    trouble = []
    if most and policy != "noeviction":
        trouble.append(f"maxmemory-policy is {policy}: doorbells may be thrown away; use noeviction")
    if most and used > 0.8 * most:
        trouble.append("more than 80 % of its memory is used")
    details = {"used_memory_bytes": used, "max_memory_bytes": most, "policy": policy, "trouble": trouble}
    return Finding(status=Health.DEGRADED if trouble else Health.HEALTHY, details=details)


def check_workers() -> Finding:
    """Somebody must listen to every queue, and somebody must watch. From the database: Redis may be gone."""
    alive = list(WorkerHeartbeat.objects.filter(beat_at__gt=Now() - ALIVE_WITHIN))
    found: dict[str, int] = {}
    for worker in alive:
        found[worker.queue] = found.get(worker.queue, 0) + 1
    missing = [name for name in _list_needed_queues() if name not in found]
    is_watched = queue.WATCH in found and _is_watched()
    others = sorted({worker.version for worker in alive} - {VERSION})
    processes = presence.list_present()
    drift = presence.find_drift(processes, database_schema=presence.describe_database_schema())
    details = {
        "alive": found,
        "missing": missing,
        "count": len(alive),
        "watched": is_watched,
        "other_versions": others,
        "drift": drift,
        "processes": [presence.describe_process(process) for process in processes],
    }
    if not alive or others or drift:  # two kinds of code or settings at work on one database: nobody tested that
        return Finding(status=Health.UNHEALTHY, details=details)
    is_well = is_watched and not missing
    return Finding(status=Health.HEALTHY if is_well else Health.DEGRADED, details=details)


def _list_needed_queues() -> list[str]:
    """FAL's queue needs a worker as soon as FAL's engines are on offer."""
    offered = Provider.objects.filter(name="fal").exclude(engines=[]).exists()
    return [*NEEDED_QUEUES, *([queue.FAL] if offered else [])]


def _is_watched() -> bool:
    end = time.monotonic() + HAND_OVER_SECONDS
    while not (is_live := is_lease_live(WATCHER)) and time.monotonic() < end:
        time.sleep(0.1)
    return is_live


def check_queue() -> Finding:
    """How much waits, and for how long? What waits for a reason (no budget, a paused provider) makes nothing late."""
    waiting = list_waiting()
    late = waiting.filter(since__lt=Now() - WAITS_TOO_LONG, waiting_reason__in=("", WaitingReason.QUEUE))
    facts = waiting.aggregate(number=Count("id"), oldest=Min("since"))
    details = {"waiting": facts["number"], "oldest_seconds": measure_age(facts["oldest"])}
    return Finding(status=Health.DEGRADED if late.exists() else Health.HEALTHY, details=details)


def list_waiting() -> QuerySet[Any]:
    """With ``since``: when it was made, or when its last try ended."""
    tried = Subquery(Attempt.objects.filter(generation=OuterRef("pk")).order_by("-number").values("finished_at")[:1])
    rows = Generation.objects.filter(status=Status.QUEUED, job__deleted_at=None).order_by()
    return rows.annotate(since=Coalesce(tried, "created_at"))


def measure_age(since: datetime | None) -> int:
    return max(0, round((timezone.now() - since).total_seconds())) if since else 0


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


def check_fal() -> Finding:
    """Is it on offer, does it answer, does it serve the account? As the processes that talk to it noted."""
    provider = Provider.objects.filter(name="fal").first() or Provider(name="fal")
    details: dict[str, Any] = {
        "offered": bool(provider.engines),
        "engines": len(provider.engines),
        "breaker": provider.breaker,
        "failures": provider.failures,
        "paused": provider.paused_reason or None,
    }
    return Finding(status=_judge_fal(provider), details=details)


def _judge_fal(provider: Provider) -> Health:
    if not provider.engines:
        return Health.HEALTHY  # nobody asked for it
    if provider.paused_reason or provider.breaker == Provider.Breaker.OPEN:
        return Health.UNHEALTHY
    return Health.DEGRADED if provider.breaker == Provider.Breaker.HALF_OPEN else Health.HEALTHY


READINESS: Mapping[str, Check] = {"database": check_database, "storage": check_storage}
ALL: Mapping[str, Check] = {
    "database": check_database,
    "redis": check_redis,
    "workers": check_workers,
    "queue": check_queue,
    "storage": check_storage,
    "fal_api": check_fal,
}
