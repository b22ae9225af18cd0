"""What is counted while the product works? By every process for itself; ``metrics.py`` shows the sums.

Nothing here may fail or hold up the work that it counts. prometheus_client is loaded by the first count.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

    from image2model.ops.meter_files import MeterFiles

logger = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
GENERATION_SECONDS = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1800.0)
OVERHEAD_SECONDS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
PROVIDER_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


@dataclass(frozen=True, kw_only=True)
class Instruments:
    files: MeterFiles
    requests: Counter
    request_seconds: Histogram
    rq_jobs: Counter
    generations: Counter
    generation_seconds: Histogram
    generation_overhead: Histogram
    provider_requests: Counter
    provider_seconds: Histogram
    streams: Gauge


@cache
def get_files() -> MeterFiles:
    """The folder of all counts. From here on prometheus_client writes its values there."""
    folder = settings.DATA_DIR / "metrics"
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

    from prometheus_client import values

    from image2model.ops.meter_files import MeterFiles

    files = MeterFiles(folder)
    values.ValueClass = values.MultiProcessValue(files.name_process)
    return files


@cache
def get_instruments() -> Instruments:
    files = get_files()

    from prometheus_client import Counter, Gauge, Histogram

    def count(name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=None)

    def measure(name: str, about: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, about, labels, registry=None, buckets=buckets)

    return Instruments(
        files=files,
        requests=count("http_requests_total", "Requests answered.", "method", "route", "status"),
        request_seconds=measure(
            "http_request_duration_seconds", "Time to the end of an answer; of a stream, to its beginning.",
            "method", "route", buckets=REQUEST_SECONDS,
        ),
        rq_jobs=count("rq_jobs_total", "Doorbells that workers answered.", "queue", "status"),
        generations=count("generations_total", "Generations that ended.", "engine", "status"),
        generation_seconds=measure(
            "generation_duration_seconds", "From the last claim to the end.",
            "engine", "status", buckets=GENERATION_SECONDS,
        ),
        generation_overhead=measure(
            "generation_overhead_seconds", "Of that, what was not the provider's time.",
            "engine", buckets=OVERHEAD_SECONDS,
        ),
        provider_requests=count("fal_api_requests_total", "Calls to FAL.", "operation", "outcome"),
        provider_seconds=measure(
            "fal_api_request_duration_seconds", "Calls to FAL.", "operation", buckets=PROVIDER_SECONDS
        ),
        streams=Gauge(
            "stream_connections", "Open event streams and websockets.", ["transport"],
            registry=None, multiprocess_mode="livesum",
        ),
    )  # fmt: skip


def note_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """``route`` is the address's pattern, never the address: there are few of them."""

    def note(meters: Instruments) -> None:
        verb = method if method in METHODS else "OTHER"
        meters.requests.labels(verb, route, str(status)).inc()
        meters.request_seconds.labels(verb, route).observe(seconds)

    _try(note)


def note_rq_job(*, queue: str, status: str) -> None:
    _try(lambda meters: meters.rq_jobs.labels(queue, status).inc())


def note_generation(*, engine: str, status: str, seconds: float | None, overhead: float | None = None) -> None:
    """``seconds`` is None for one that never ran; ``overhead`` is what of them a provider did not take."""

    def note(meters: Instruments) -> None:
        meters.generations.labels(engine, status).inc()
        if seconds is not None:
            meters.generation_seconds.labels(engine, status).observe(seconds)
        if overhead is not None:
            meters.generation_overhead.labels(engine).observe(overhead)

    _try(note)


def note_provider_call(operation: str, outcome: str, seconds: float) -> None:
    """``operation`` is the verb of the client (submit, status, …), ``outcome`` an HTTP status or a word."""

    def note(meters: Instruments) -> None:
        meters.provider_requests.labels(operation, outcome).inc()
        meters.provider_seconds.labels(operation).observe(seconds)

    _try(note)


@contextmanager
def count_stream(transport: str) -> Iterator[None]:
    _try(lambda meters: meters.streams.labels(transport).inc())
    try:
        yield
    finally:
        _try(lambda meters: meters.streams.labels(transport).dec())


def fold_dead() -> None:
    """Keep the counts of work horses that ended, without their files."""
    try:
        get_files().fold_dead()
    except OSError as error:
        logger.debug("Counts could not be folded: %s", error)


def _try(note: Callable[[Instruments], Any]) -> None:
    """A full disk must not stop the work that is counted."""
    try:
        note(get_instruments())
    except OSError as error:
        logger.debug("Something was not counted: %s", error)
