"""How long does FAL usually take, and when is it too long? Measured for each engine, from the catalog until then."""

from __future__ import annotations

from django.core.cache import cache

from jobs import catalog
from jobs.models import Attempt

LEAST_SECONDS = 300.0
TIMES_USUAL = 3
MEASURED_RUNS = 200
_ENOUGH_RUNS = 20
_KEEP_SECONDS = 60


def typical_seconds(engine: str) -> float:
    """Half of its runs at FAL are over by then."""
    return _measure(engine)[0]


def allow_seconds(engine: str) -> float:
    """From its start at FAL to the moment when we give up: three times what all but the slowest take."""
    return max(LEAST_SECONDS, TIMES_USUAL * _measure(engine)[1])


def _measure(engine: str) -> tuple[float, float]:
    figures: tuple[float, float] = cache.get_or_set(  # type: ignore[assignment]
        f"fal-seconds-{engine}", lambda: _read_runs(engine), _KEEP_SECONDS
    )
    return figures


def _read_runs(engine: str) -> tuple[float, float]:
    """The 50th and the 95th percentile of the latest runs."""
    rows = Attempt.objects.filter(engine=engine, outcome=Attempt.Outcome.COMPLETED, ready_at__isnull=False)
    times = rows.order_by("-pk").values_list("running_since", "accepted_at", "ready_at")[:MEASURED_RUNS]
    spans = sorted(
        (ready - (began or accepted)).total_seconds() for began, accepted, ready in times if accepted and ready
    )
    if len(spans) < _ENOUGH_RUNS:
        typical = float(catalog.ENGINES[engine].typical_seconds)
        return typical, 2 * typical
    return spans[len(spans) // 2], spans[len(spans) * 95 // 100]
