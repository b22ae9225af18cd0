"""What do the metrics say of the running itself? Sweeps, orphans, processes, outages, and what waits for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Sum
from prometheus_client.core import GaugeMetricFamily, Metric

from image2model.models import Outage
from image2model.ops import presence, readings
from image2model.ops.storage_facts import find_disk, read_free_bytes
from image2model.ops.waiting import measure_waits
from jobs import queue
from jobs.models import Generation, LedgerEntry, Provider
from jobs.states import ACTIVE, WaitingReason

KINDS = ("web", "live", *queue.QUEUES)


def read_watching() -> Iterator[Metric]:
    yield from _read_sweep(readings.read(readings.SWEEP))
    files, submissions = readings.read(readings.FILES), readings.read(readings.SUBMISSIONS)
    yield _single("orphan_files", "Files that no row names, at the latest look.", files.get("orphans"))
    yield _single("fal_double_submissions", "Paid twice for one try, at the latest look.", submissions.get("doubled"))
    yield from _read_processes()
    open_outages = dict(Outage.objects.filter(ended_at=None).order_by().values_list("name").annotate(Count("pk")))
    yield _gauge("outages_open", "What the product itself knows to be wrong.", "name", open_outages)
    yield _single("system_disk_free_bytes", "Free where pictures and models are kept.", read_free_bytes(find_disk()))


def _read_sweep(facts: Mapping[str, str]) -> Iterator[Metric]:
    succeeded = facts.get("succeeded_at")
    yield _single("sweep_last_success_timestamp_seconds", "When the latest sweep went well.", _read_time(succeeded))
    yield _single("sweep_failing", "Did the latest sweep fail?", int(bool(facts.get("error"))))
    yield _single("sweep_duration_seconds", "How long the latest sweep took.", _read_number(facts.get("seconds")))


def _read_time(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _read_number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _read_processes() -> Iterator[Metric]:
    processes = presence.list_present()
    numbers = {kind: sum(process.kind == kind for process in processes) for kind in KINDS}
    yield _gauge("processes_running", "Processes with a fresh sign of life.", "kind", numbers)
    drift = presence.find_drift(processes, database_schema=presence.describe_database_schema())
    yield _single("process_drift", "In how many ways do the processes differ in code or settings?", len(drift))


def read_waiting() -> Iterator[Metric]:
    """How long the oldest has waited for a worker alone, and what the others wait for."""
    yield _gauge("queue_wait_seconds", "Longest wait for nothing but a worker.", "queue", measure_waits())
    reasons = Generation.objects.filter(status__in=ACTIVE, job__deleted_at=None).exclude(waiting_reason="")
    numbers = dict(reasons.order_by().values_list("waiting_reason").annotate(Count("pk")))
    every = {reason.value: numbers.get(reason.value, 0) for reason in WaitingReason}
    yield _gauge("generations_waiting", "Generations that wait, by what they wait for.", "reason", every)


def read_account() -> Iterator[Metric]:
    """Does FAL serve the account, and what is held or allowed of money?"""
    fal = Provider.objects.filter(name="fal").first() or Provider(name="fal")
    refused = {reason.value: int(fal.paused_reason == reason) for reason in Provider.Pause}
    yield _gauge("fal_account_refused", "Why the account is not served.", "reason", refused)
    undecided = Generation.objects.filter(status__in=ACTIVE, waiting_reason=WaitingReason.NEEDS_DECISION).count()
    yield _single("fal_undecided_submissions", "Submissions of unknown outcome that wait for a person.", undecided)
    held = LedgerEntry.objects.filter(state=LedgerEntry.State.HELD).aggregate(total=Sum("amount"))["total"]
    yield _single("fal_held_usd", "Held for work under way.", float(held or 0))
    budget = settings.SITE_BUDGET_USD_PER_MONTH
    yield _single("site_budget_usd", "What all may spend in a month, where that is limited.",
                  None if budget is None else float(budget))  # fmt: skip


def _single(name: str, about: str, value: float | None) -> Metric:
    """Without a sample where there is nothing to know."""
    metric = GaugeMetricFamily(name, about)
    if value is not None:
        metric.add_metric([], value)
    return metric


def _gauge(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = GaugeMetricFamily(name, about, labels=(label,))
    for key, value in sorted(values.items()):
        metric.add_metric((key,), value)
    return metric


def read_all() -> Iterable[Metric]:
    yield from read_watching()
    yield from read_waiting()
    yield from read_account()
