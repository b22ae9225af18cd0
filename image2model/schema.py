"""How does the schema change while old and new code run on it? One process at a time; expand first, contract later.

A release brings its expanding migrations before its processes start: new tables, new columns that old code need not
know. What old code would miss (a column taken away, one that must not be empty any more) contracts: such a migration
says ``contracts = True`` and runs when no old process is left.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations import operations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

LOCK_NUMBER = 4_949_321_004  # of ours alone among the advisory locks of the database
LOCK_TIMEOUT = "5s"  # a migration that waits for a table holds up everybody who comes after it
TRIES = 6
PAUSE_SECONDS = 2.0
_NOT_AVAILABLE = "55P03"

_held = 0


@contextmanager
def hold_schema() -> Iterator[None]:
    """Whoever comes second waits until the first one is done. Taken within itself, it does nothing."""
    global _held
    if _held:
        yield
        return
    with _lock_database() if connection.vendor == "postgresql" else _lock_file():
        _held += 1
        try:
            yield
        finally:
            _held -= 1


@contextmanager
def _lock_database() -> Iterator[None]:
    """Held by the connection: one that dies sets it free."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_NUMBER])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_NUMBER])


@contextmanager
def _lock_file() -> Iterator[None]:
    with (settings.DATA_DIR / "schema.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_patiently(migrate: Callable[[], object]) -> None:
    """A busy table is asked for again, rather than waited for with everybody waiting behind."""
    if connection.vendor != "postgresql":
        migrate()
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
    for tries_left in reversed(range(TRIES)):
        try:
            migrate()
            break
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != _NOT_AVAILABLE or not tries_left:
                raise
        time.sleep(PAUSE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '0', false)")


def list_open_migrations() -> list[Migration]:
    executor = MigrationExecutor(connection)
    return [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def is_empty() -> bool:
    """Is this a first installation, on which no old code runs?"""
    return not MigrationExecutor(connection).loader.applied_migrations


def split_expanding(migrations: Sequence[Migration]) -> list[Migration]:
    """Those before the first contracting one of each line: what needs a contracting one has to wait, too."""
    expanding: list[Migration] = []
    waiting: set[tuple[str, str]] = set()
    for migration in migrations:
        if getattr(migration, "contracts", False) or waiting.intersection(migration.dependencies):
            waiting.add((migration.app_label, migration.name))
        else:
            expanding.append(migration)
    return expanding


def expand() -> list[str]:
    """Bring everything that old code need not know; the names of what was brought."""
    with hold_schema():
        expanding = split_expanding(list_open_migrations())
        newest = {migration.app_label: migration.name for migration in expanding}
        for app_label, name in newest.items():
            call_command("migrate", app_label, name, verbosity=0)
    return [f"{migration.app_label}.{migration.name}" for migration in expanding]


def find_contracting() -> list[str]:
    """What among the open migrations old code could not live with, though they do not say so."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    applied = [key for key in executor.loader.applied_migrations if key in executor.loader.graph.nodes]
    state: ProjectState = executor.loader.project_state(applied)
    found = []
    for migration, _ in plan:
        for operation in migration.operations:
            reason = _judge(operation, app_label=migration.app_label, state=state)
            operation.state_forwards(migration.app_label, state)
            if reason and not hasattr(migration, "contracts"):
                found.append(f"{migration.app_label}.{migration.name}: {reason}")
    return found


_TAKES_AWAY = (
    operations.RemoveField,
    operations.DeleteModel,
    operations.RenameField,
    operations.RenameModel,
    operations.AlterModelTable,
)


def _judge(operation: Any, *, app_label: str, state: ProjectState) -> str:
    """Why old code could not live with it; empty when it can."""
    if isinstance(operation, _TAKES_AWAY):
        return f"old code still uses what it takes away ({operation.describe()})"
    if isinstance(operation, operations.RunSQL):
        return "nobody knows what its SQL does"
    if isinstance(operation, operations.AddConstraint):
        return f"old code does not know the rule ({operation.describe()})"
    if isinstance(operation, operations.AddField) and _must_be_given(operation.field):
        return f"old code leaves it empty: give it db_default or null ({operation.describe()})"
    if isinstance(operation, operations.AlterField):
        model = state.models[app_label, operation.model_name_lower]
        return _judge_change(model.fields[operation.name], operation.field, operation.describe())
    return ""


def _must_be_given(field: Any) -> bool:
    return not (field.null or field.many_to_many or field.db_default is not NOT_PROVIDED)


def _judge_change(old: Any, new: Any, name: str) -> str:
    if old.null and not new.null and _must_be_given(new):
        return f"old code leaves it empty ({name})"
    if new.unique and not old.unique:
        return f"old code does not know the rule ({name})"
    if old.db_type(connection) == new.db_type(connection):
        return ""
    grows = (old.max_length or 0) <= (new.max_length or 0) and type(old) is type(new) and bool(old.max_length)
    return "" if grows else f"old code expects another type ({name})"
