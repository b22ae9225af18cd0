"""What do the metrics say? The counts of all processes added up, and what database, Redis and kernel tell now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections
from django.db.models import Count, Min, Sum
from django.db.models.functions import Now
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, UnknownMetricFamily
from redis.exceptions import RedisError

from image2model.ops import meters, system, watching_metrics
from image2model.ops.checks import ALIVE_WITHIN, list_waiting, measure_age
from image2model.ops.presence import describe_build
from image2model.version import VERSION
from jobs import queue
from jobs.models import Generation, Job, LedgerEntry, Provider, WorkerHeartbeat
from jobs.states import ACTIVE

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BREAKER_NUMBERS = {Provider.Breaker.CLOSED: 0, Provider.Breaker.HALF_OPEN: 1, Provider.Breaker.OPEN: 2}
UNREACHABLE = (DatabaseError, InterfaceError, RedisError, OSError)

Source = Callable[[], Iterable[Metric]]


def render_metrics() -> bytes:
    """Prometheus text 0.0.4. What depends on a source that is down is left out, and the source is named."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page())
    return generate_latest(registry)


class _Page:
    """All metrics, in prometheus_client's idea of a collector."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("metrics_source_up", "Could this source of metrics be asked?", labels=["source"])
        for name, source in SOURCES.items():
            metrics = _ask(source)
            up.add_metric([name], 0 if metrics is None else 1)
            yield from metrics or ()
        yield up

    def describe(self) -> list[Metric]:
        return []


def _ask(source: Source) -> list[Metric] | None:
    try:
        return list(source())
    except UNREACHABLE as error:
        logger.warning("Metrics could not be read: %s", type(error).__name__)
        return None


def read_counts() -> Iterator[Metric]:
    """Of all processes. One that nothing has counted yet is there all the same, empty."""
    found = {metric.name: metric for metric in meters.get_instruments().files.read()}
    instruments = vars(meters.get_instruments())
    for instrument in (value for name, value in instruments.items() if name != "files"):
        [empty] = instrument.describe()
        yield found.get(empty.name, empty)


def read_work() -> Iterator[Metric]:
    jobs = UnknownMetricFamily("active_jobs_total", "Jobs that wait or run.")
    jobs.add_metric([], Job.objects.active().count())
    yield jobs
    running = Generation.objects.filter(status__in=ACTIVE, job__deleted_at=None)
    by_status = running.order_by().values_list("engine", "status").annotate(number=Count("id"))
    yield _gauge("generations_in_flight", "Generations that wait or run.", ("engine", "status"),
                 {(engine, status): number for engine, status, number in by_status})  # fmt: skip
    oldest = list_waiting().aggregate(oldest=Min("since"))["oldest"]
    yield _single(
        "queue_oldest_age_seconds", "How long the longest-waiting generation has waited.", measure_age(oldest)
    )
    alive = WorkerHeartbeat.objects.filter(beat_at__gt=Now() - ALIVE_WITHIN)
    workers = dict(alive.order_by().values_list("queue").annotate(number=Count("name")))
    yield _gauge("workers_alive", "Workers with a fresh sign of life.", ("queue",),
                 {(name,): workers.get(name, 0) for name in queue.QUEUES})  # fmt: skip


def read_spending() -> Iterator[Metric]:
    spent = LedgerEntry.objects.filter(state=LedgerEntry.State.ACTUAL).aggregate(total=Sum("amount"))["total"]
    counter = CounterMetricFamily("fal_spend_usd", "What FAL billed.")
    counter.add_metric([], float(spent or 0))
    yield counter
    providers = {row.name: row for row in Provider.objects.all()}
    fal = providers.get("fal", Provider(name="fal"))
    yield _gauge("circuit_breaker_state", "0 closed, 1 half open, 2 open.", ("provider",),
                 {("fal",): BREAKER_NUMBERS[Provider.Breaker(fal.breaker)]})  # fmt: skip
    yield _gauge(
        "provider_paused", "Is the whole account refused?", ("provider",), {("fal",): int(bool(fal.paused_reason))}
    )


def read_database() -> Iterator[Metric]:
    yield _single("database_connections", "Open connections to the database.", count_connections())


def count_connections() -> int:
    """Of all processes on PostgreSQL; of this one on SQLite, which knows no others."""
    if connection.vendor != "postgresql":
        return sum(one.connection is not None for one in connections.all(initialized_only=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def read_redis() -> Iterator[Metric]:
    memory = queue.get_connection().info("memory")
    yield _single("redis_memory_used_bytes", "Memory that Redis uses.", memory["used_memory"])
    yield _single("redis_memory_max_bytes", "Memory that Redis may use; 0: no limit.", memory["maxmemory"])
    yield _gauge("rq_queue_depth", "Doorbells that no worker has answered yet.", ("queue",),
                 {(name,): queue.find_queue(name).count for name in queue.QUEUES})  # fmt: skip


def read_machine() -> Iterator[Metric]:
    yield _single("system_cpu_usage_percent", "Of all processors, since the last look.", system.cpu.read_percent())
    yield _single("system_memory_usage_percent", "Memory in use.", system.read_memory_percent())
    yield _single("system_disk_usage_percent", "Of the disk that holds the data.",
                  system.read_disk_percent(settings.DATA_DIR))  # fmt: skip
    build = (VERSION, describe_build().commit[:12])
    yield _gauge("image2model_info", "Which version answers.", ("version", "commit"), {build: 1})


SOURCES: Mapping[str, Source] = {
    "counts": read_counts,
    "work": read_work,
    "spending": read_spending,
    "database": read_database,
    "redis": read_redis,
    "machine": read_machine,
    "watching": watching_metrics.read_all,
}


def _single(name: str, about: str, value: float | None) -> Metric:
    """Without a sample where there is nothing to know."""
    metric = GaugeMetricFamily(name, about)
    if value is not None:
        metric.add_metric([], value)
    return metric


def _gauge(name: str, about: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Metric:
    metric = GaugeMetricFamily(name, about, labels=labels)
    for label_values, value in sorted(values.items()):
        metric.add_metric(label_values, value)
    return metric
