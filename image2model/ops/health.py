"""Does each part really work? Asked one beside the other, each for no longer than it may take."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import connections

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 2.0
MATTERS = frozenset({"database", "storage"})  # without one of these nothing can be taken in


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


_hanging: dict[Check, threading.Thread] = {}


def run_checks(checks: Mapping[str, Check], *, timeout: float = TIMEOUT_SECONDS) -> dict[str, Finding]:
    """All at once. One that hangs is unhealthy and is left behind; one that raises says why."""
    findings: dict[str, Finding] = {}
    threads = {name: _begin(name, check, findings) for name, check in checks.items() if not _still_hangs(check)}
    deadline = time.monotonic() + timeout
    for name, thread in threads.items():
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            _hanging[checks[name]] = thread
    late = Finding(status=Health.UNHEALTHY, details={"error": "timeout"}, response_time_ms=timeout * 1000)
    return blame_the_database({name: findings.get(name, late) for name in checks})


def _begin(name: str, check: Check, findings: dict[str, Finding]) -> threading.Thread:
    thread = threading.Thread(target=_run, args=(name, check, findings), daemon=True)
    thread.start()
    return thread


def _still_hangs(check: Check) -> bool:
    """Since an earlier question: asking again would only pile up threads."""
    return check in _hanging and _hanging[check].is_alive()


def _run(name: str, check: Check, findings: dict[str, Finding]) -> None:
    began = time.perf_counter()
    try:
        found = check()
    except Exception as error:  # whatever it is, it is the finding
        logger.warning("The health check of %s failed: %s", name, type(error).__name__)
        found = Finding(status=Health.UNHEALTHY, details={"error": type(error).__name__})
    finally:
        connections.close_all()  # this thread's own
    spent = round((time.perf_counter() - began) * 1000, 2)
    findings[name] = Finding(status=found.status, details=found.details, response_time_ms=spent)


UNKNOWN = "unknown while the database is down"
READ_FROM_DATABASE = frozenset({"workers", "queue", "fal_api"})


def blame_the_database(findings: dict[str, Finding]) -> dict[str, Finding]:
    """While it is down, nobody knows how those are whose state is kept in it: they are not to blame."""
    if "database" not in findings or findings["database"].status != Health.UNHEALTHY:
        return findings
    unknown = Finding(status=Health.DEGRADED, details={"error": UNKNOWN})
    return {
        name: unknown if name in READ_FROM_DATABASE and found.status == Health.UNHEALTHY else found
        for name, found in findings.items()
    }


def sum_up(findings: Mapping[str, Finding]) -> Health:
    if any(name in MATTERS and found.status == Health.UNHEALTHY for name, found in findings.items()):
        return Health.UNHEALTHY
    if any(found.status != Health.HEALTHY for found in findings.values()):
        return Health.DEGRADED
    return Health.HEALTHY


def name_failed(findings: Mapping[str, Finding]) -> Sequence[str]:
    return [name for name, found in findings.items() if found.status == Health.UNHEALTHY]
