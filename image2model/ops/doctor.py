"""What is wrong with this installation? Configuration, what it needs, and what it runs, each really tried."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.core import checks as system_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from image2model.ops import checks, health, tracing
from image2model.ops.health import Finding, Health

CLOCKS_MAY_DIFFER = timedelta(seconds=5)
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==(\S+)")
REQUIREMENTS = settings.BASE_DIR / "requirements.txt"
FRONT_END = settings.BASE_DIR / "node_modules" / "@google" / "model-viewer"

HINTS = {
    "database": "Is DATABASE_URL right, and does the server run?",
    "redis": "Is REDIS_URL right, and does the server run? bin/up starts one of its own.",
    "workers": "bin/up starts them; elsewhere run manage.py work for each queue.",
    "queue": "More workers, or a look at the workers' log, will help.",
    "storage": "Is there room, and may this user write there?",
    "fal_api": "The admin's page of the provider says more.",
}


def find_faults() -> Iterator[str]:
    """One line for each; none when all is well."""
    yield from check_packages(REQUIREMENTS)
    yield from check_tracing()
    yield from check_settings()
    yield from check_files()
    findings = health.run_checks(checks.ALL)
    yield from describe_findings(findings)
    if findings["database"].status != Health.UNHEALTHY:
        yield from check_schema()
        yield from check_clock()
    yield from check_fal_key()


def check_packages(requirements: Path) -> Iterator[str]:
    """Is everything there, in the version that is pinned?"""
    for line in requirements.read_text().splitlines():
        if match := PINNED.match(line):
            name, wanted = match[1], match[2]
            found = find_version(name)
            if found != wanted:
                yield f"packages: {name} {wanted} is needed, {found or 'none'} is installed. bin/up installs it."


def check_tracing() -> Iterator[str]:
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT and find_version("opentelemetry-exporter-otlp-proto-http") is None:
        yield f"packages: OTEL_EXPORTER_OTLP_ENDPOINT is set; {tracing.INSTALL}"


def find_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def check_settings() -> Iterator[str]:
    """Django's checks and ours; those for production where it is served over TLS."""
    for message in system_checks.run_checks(include_deployment_checks=settings.HTTPS):
        if not message.is_silenced():
            yield f"settings: {' '.join(message.msg.split())} ({message.id})"


def check_files() -> Iterator[str]:
    key = settings.DATA_DIR / "secret_key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield "files: others can read DATA_DIR/secret_key; chmod 600 closes it."
    if not (settings.STATIC_ROOT / "staticfiles.json").exists() and not settings.DEBUG:
        yield "files: the static files are not collected; manage.py prepare does it."
    if not FRONT_END.exists():
        yield "files: the front-end libraries are missing; npm ci installs them, and so does bin/up."
    for folder in (settings.DATA_DIR, Path(settings.FILE_UPLOAD_TEMP_DIR)):
        if not os.access(folder, os.W_OK | os.X_OK):
            yield f"files: {folder.name} cannot be written by this user."


def describe_findings(findings: Mapping[str, Finding]) -> Iterator[str]:
    """With the database down, what is read from it says nothing new."""
    for name, found in findings.items():
        if found.status != Health.HEALTHY and found.details.get("error") != health.UNKNOWN:
            yield f"{name}: {found.status}: {_explain(name, found)} {HINTS[name]}"


def _explain(name: str, found: Finding) -> str:
    facts = found.details
    explain: dict[str, Callable[[], str]] = {
        "redis": lambda: f"{'; '.join(facts['trouble'])}.",
        "workers": lambda: _explain_workers(facts),
        "queue": lambda: f"{facts['waiting']} wait, the longest for {facts['oldest_seconds']} s.",
        "storage": lambda: f"{facts['free_percent']} % are free.",
        "fal_api": lambda: f"the breaker is {facts['breaker']}, paused: {facts['paused'] or 'no'}.",
    }
    return f"{facts['error']}." if "error" in facts else explain[name]()


def _explain_workers(facts: Mapping[str, object]) -> str:
    others = facts["other_versions"]
    reasons = {
        f"nobody works on {', '.join(map(str, _as_list(facts['missing'])))}": facts["missing"],
        "nobody watches": not facts["watched"],
        f"some are of version {', '.join(map(str, _as_list(others)))}": others,
        "; ".join(map(str, _as_list(facts["drift"]))): facts["drift"],
    }
    return f"{'; '.join(reason for reason, applies in reasons.items() if applies)}."


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def check_schema() -> Iterator[str]:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            yield "database: migrations are missing; manage.py prepare applies them."
    except DatabaseError as error:
        yield f"database: {type(error).__name__} while looking at its migrations."


def check_clock() -> Iterator[str]:
    """Leases go by the database's clock, sessions and keys by ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        raw = cursor.fetchone()[0]
    told = raw if isinstance(raw, datetime) else datetime.fromisoformat(f"{raw}+00:00")
    if abs(timezone.now() - told) > CLOCKS_MAY_DIFFER:
        yield f"database: its clock differs from ours by {abs(timezone.now() - told).total_seconds():.0f} s."


def check_fal_key() -> Iterator[str]:
    """Asked of FAL itself; costs nothing."""
    if not settings.FAL_KEY:
        return
    from jobs.engines.fal import FalError  # aiohttp loads only with a key
    from jobs.fal.client import open_client

    async def probe() -> None:
        async with open_client() as client:
            await client.probe()

    try:
        asyncio.run(probe())
    except FalError as error:
        yield f"fal_api: {error.message} Is FAL_KEY right?"
