"""What does the page Operations of the admin show? Everything that runs, waits, fills up or went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from image2model.models import Outage
from image2model.ops import checks, health, presence, readings, storage_facts
from image2model.ops.alerts import notices, outages
from image2model.ops.health import Finding, Health
from image2model.ops.waiting import list_free
from jobs import catalog, queue
from jobs.models import Conversion, Generation, Provider
from jobs.services import money
from jobs.services.fal.standing import read_standing
from jobs.states import Status

TEST = "test"
TITLES = {
    "database": "Database",
    "redis": "Redis",
    "workers": "Workers and processes",
    "queue": "Queue",
    "storage": "Storage",
    "fal_api": "FAL",
}
VERDICTS = {
    Health.HEALTHY: "Everything works",
    Health.DEGRADED: "It works, but not all is well",
    Health.UNHEALTHY: "It cannot work",
}


@dataclass(frozen=True, kw_only=True)
class Component:
    name: str
    status: Health
    words: str
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """One queue: who works on it, what waits in it, and what is under way."""

    name: str
    workers: int
    waiting: int
    running: int
    oldest: Any = None  # the generation, or the conversion, that has waited longest
    since: datetime | None = None
    bells: int | None = None  # None: Redis cannot be asked


def describe_operations() -> dict[str, Any]:
    findings = health.run_checks(checks.ALL)
    verdict = health.sum_up(findings)
    processes = presence.list_present()
    return {
        "verdict": verdict,
        "verdict_words": VERDICTS[verdict],
        "components": [describe_component(name, found) for name, found in findings.items()],
        "drift": presence.find_drift(processes, database_schema=presence.describe_database_schema()),
        "processes": [(process, presence.sum_up_settings(process.settings)[:8]) for process in processes],
        "queues": list_queues(findings),
        "disk": storage_facts.describe_disk(storage_facts.find_disk()),
        "usage": storage_facts.describe_disk_usage(),
        "alert_disk": settings.ALERT_DISK_PERCENT,
        "provider": Provider.objects.filter(name="fal").first(),
        "standing": read_standing(),
        "budget": money.read_site_budget(),
        "sweep": _with_times(readings.read(readings.SWEEP)),
        "files": _with_times(readings.read(readings.FILES)),
        "submissions": _with_times(readings.read(readings.SUBMISSIONS)),
        "outages": outages.list_recent(),
        "channels": notices.list_channels(),
        "mails": len(settings.ALERT_EMAILS),
        "asked_at": timezone.now(),
    }


def _with_times(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: datetime.fromisoformat(value) if name.endswith("_at") else value for name, value in facts.items()}


def describe_component(name: str, found: Finding) -> Component:
    words = str(found.details["error"]) if "error" in found.details else EXPLAIN[name](found.details)
    return Component(name=TITLES[name], status=found.status, words=words, milliseconds=found.response_time_ms)


def _explain_workers(facts: Mapping[str, Any]) -> str:
    troubles = [
        *([f"nobody works on {', '.join(facts['missing'])}"] if facts["missing"] else []),
        *([] if facts["watched"] else ["nobody watches"]),
        *facts["drift"],
    ]
    return "; ".join(troubles) or f"{facts['count']} workers, {len(facts['processes'])} processes in all"


def _explain_fal(facts: Mapping[str, Any]) -> str:
    if not facts["offered"]:
        return "Not offered: no process here has a key"
    number = facts["engines"]
    return f"{read_standing().words}; {number} engine{'' if number == 1 else 's'} on offer"


EXPLAIN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "database": lambda facts: {"postgresql": "PostgreSQL", "sqlite": "SQLite"}.get(facts["vendor"], facts["vendor"]),
    "redis": lambda facts: "; ".join(facts["trouble"]) or _say_memory(facts),
    "workers": _explain_workers,
    "queue": lambda facts: f"{facts['waiting']} wait, the longest for {_say_age(facts['oldest_seconds'])}",
    "storage": lambda facts: f"{facts['free_percent']} % free",
    "fal_api": _explain_fal,
}


def _say_age(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def _say_memory(facts: Mapping[str, Any]) -> str:
    most = facts["max_memory_bytes"]
    limit = f" of {round(most / 2**20)} MB" if most else ", no limit"
    return f"{round(facts['used_memory_bytes'] / 2**20, 1)} MB{limit}, {facts['policy']}"


def list_queues(findings: Mapping[str, Finding]) -> list[QueueState]:
    alive = findings["workers"].details.get("alive", {})
    return [_describe_queue(name, workers=alive.get(name, 0)) for name in queue.QUEUES]


def _describe_queue(name: str, *, workers: int) -> QueueState:
    bells = _count_bells(name)
    if name == queue.POST:
        waiting = Conversion.objects.filter(status=Status.QUEUED).select_related("generation")
        running = Conversion.objects.filter(status=Status.PROCESSING).count()
        oldest = waiting.order_by("created_at").first()
        return QueueState(
            name=name, workers=workers, waiting=waiting.count(), running=running, bells=bells,
            oldest=oldest.generation if oldest else None, since=oldest.created_at if oldest else None,
        )  # fmt: skip
    engines = [entry.id for entry in catalog.ENGINES.values() if entry.queue == name]
    free = list_free().filter(engine__in=engines)
    oldest = free.order_by("since").first()
    return QueueState(
        name=name, workers=workers, waiting=free.count(), bells=bells,
        running=Generation.objects.filter(status=Status.PROCESSING, engine__in=engines).count(),
        oldest=oldest, since=oldest and oldest.since,
    )  # fmt: skip


def _count_bells(name: str) -> int | None:
    try:
        return int(queue.find_queue(name).count)
    except RedisError:  # the component above says what is wrong
        return None


def show_operations(request: HttpRequest) -> HttpResponse:
    """For all staff: nothing here is secret, and nothing is somebody's."""
    from django.contrib import admin

    context = {**admin.site.each_context(request), **describe_operations(), "title": "Operations"}
    return TemplateResponse(request, "admin/operations.html", context)


@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """An outage that is none: told like any other, over after a minute, and that is told, too."""
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied
    if not notices.list_channels():
        messages.warning(request, "Nobody would hear of it: set ALERT_EMAILS or ALERT_WEBHOOK_URL first.")
        return redirect("admin:operations")
    try:
        Outage.objects.create(
            name=TEST, summary="This is a test of the alerts. Nothing is wrong.", alarmed_at=timezone.now(),
            advice="In about a minute, a second message says that it is over.",
        )  # fmt: skip
    except IntegrityError:
        messages.info(request, "A test is already under way.")
    else:
        messages.success(request, "A test message goes out within ten seconds, and its end about a minute later.")
    return redirect("admin:operations")
