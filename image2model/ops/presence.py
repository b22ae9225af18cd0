"""Which processes run, from which code and settings, and do they agree? In the database, as all signs of life are."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now

from image2model.configuration import SETTINGS
from image2model.models import RunningProcess
from image2model.version import VERSION, read_commit

PRESENT_WITHIN = timedelta(seconds=60)
FORGET_AFTER = timedelta(hours=1)
PACE_SECONDS = 10.0
OUR_APPS = ("accounts", "image2model", "jobs")
COMMIT_SHOWN = 10
MIGRATION = re.compile(r"^(\d{4})_\w+\.py$")

_COMMIT = read_commit()  # read when this process began: the checkout may move on beneath it
_noted: dict[str, float] = {}
_lock = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Build:
    """From what a process was started."""

    version: str
    commit: str
    schema: str
    settings: Mapping[str, str]


@lru_cache(maxsize=1)
def describe_build() -> Build:
    return Build(
        version=VERSION, commit=settings.BUILD_COMMIT[:40] or _COMMIT, schema=describe_code_schema(),
        settings=fingerprint_settings(settings.CONFIGURATION),
    )  # fmt: skip


def describe_code_schema() -> str:
    """The newest migration of each app that this code has, such as ``accounts 0003 · jobs 0012``."""
    return _join({name: _find_newest_migration(name) for name in OUR_APPS})


def describe_database_schema() -> str:
    """The same of what was applied to the database."""
    newest: dict[str, str] = {}
    for app, name in MigrationRecorder(connection).applied_migrations():
        if app in OUR_APPS:
            newest[app] = max(newest.get(app, ""), name[:4])
    return _join(newest)


def _find_newest_migration(app: str) -> str:
    folder = os.path.join(apps.get_app_config(app).path, "migrations")
    return max(match[1] for name in os.listdir(folder) if (match := MIGRATION.match(name)))


def _join(newest: Mapping[str, str]) -> str:
    return " · ".join(f"{app} {number}" for app, number in sorted(newest.items()))


def fingerprint_settings(configuration: Mapping[str, Any]) -> dict[str, str]:
    """A few digits for each setting that all processes share. Those of secrets cannot be guessed at: they are keyed."""
    effective = {**configuration, "SECRET_KEY": settings.SECRET_KEY, "REDIS_URL": settings.REDIS_URL}
    return {
        setting.name: _digest(effective[setting.name], key=settings.SECRET_KEY if setting.secret else "")
        for setting in SETTINGS
        if setting.shared
    }


def _digest(value: object, *, key: str) -> str:
    return hashlib.sha256(json.dumps([key, str(value)]).encode()).hexdigest()[:8]


def sum_up_settings(fingerprints: Mapping[str, str]) -> str:
    """One fingerprint of all of them."""
    return hashlib.sha256(json.dumps(fingerprints, sort_keys=True).encode()).hexdigest()[:12]


def note_presence(name: str, *, kind: str) -> None:
    """This process runs. Written at most every few seconds, however often it is said."""
    with _lock:
        now = time.monotonic()
        if now - _noted.get(name, -PACE_SECONDS) < PACE_SECONDS:
            return
        _noted[name] = now
    if RunningProcess.objects.filter(name=name).update(beat_at=Now()):
        return
    build = describe_build()
    facts = {"version": build.version, "commit": build.commit, "schema": build.schema, "settings": build.settings}
    own = {"kind": kind, "host": socket.gethostname()[:100], "pid": os.getpid()}
    RunningProcess.objects.update_or_create(name=name, defaults={**own, **facts})


def forget_presence(name: str) -> None:
    """This process ends in order."""
    _noted.pop(name, None)
    RunningProcess.objects.filter(name=name).delete()


def forget_silent_processes() -> None:
    RunningProcess.objects.filter(beat_at__lt=Now() - FORGET_AFTER).delete()


def list_present() -> list[RunningProcess]:
    return list(RunningProcess.objects.filter(beat_at__gt=Now() - PRESENT_WITHIN))


def find_drift(processes: Sequence[RunningProcess], *, database_schema: str = "") -> list[str]:
    """In which words do they differ? Nothing when all began with the same code and settings."""
    found = [
        _differ("version", {process.version for process in processes}),
        _differ("commit", {process.commit[:12] for process in processes}),
        _differ("schema", {process.schema for process in processes}),
    ]
    if database_schema and any(process.schema != database_schema for process in processes):
        found.append(f"the database's schema is {database_schema}")
    if names := list_differing_settings(process.settings for process in processes):
        found.append(f"settings differ: {', '.join(names)}")
    return [line for line in found if line]


def _differ(what: str, values: set[str]) -> str:
    return f"{what}s differ: {', '.join(sorted(value or 'unknown' for value in values))}" if len(values) > 1 else ""


def list_differing_settings(fingerprints: Iterable[Mapping[str, str]]) -> list[str]:
    """By name, never by value. A setting that only some versions know makes no difference by itself."""
    seen: dict[str, set[str]] = {}
    for prints in fingerprints:
        for name, value in prints.items():
            seen.setdefault(name, set()).add(value)
    return sorted(name for name, values in seen.items() if len(values) > 1)


def describe_process(process: RunningProcess) -> dict[str, Any]:
    """For those who may know it."""
    return {
        "name": process.name,
        "kind": process.kind,
        "host": process.host,
        "pid": process.pid,
        "version": process.version,
        "commit": process.commit or None,
        "schema": process.schema,
        "settings": sum_up_settings(process.settings),
        "started_at": process.started_at.isoformat().replace("+00:00", "Z"),
        "beat_at": process.beat_at.isoformat().replace("+00:00", "Z"),
    }
