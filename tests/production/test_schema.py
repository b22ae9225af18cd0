"""Does only one process change the schema at a time, and is it told what old code could not live with?"""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, migrations, models
from django.db.migrations.migration import Migration

from image2model import schema

pytestmark = pytest.mark.django_db(transaction=True)


class State:
    """One model as it was before the operation."""

    models = {("jobs", "job"): type("Model", (), {"fields": {"name": models.CharField(max_length=10, null=True)}})}


def judge(operation: object) -> str:
    return schema._judge(operation, app_label="jobs", state=State())  # type: ignore[arg-type]


def test_it_works():
    assert schema.list_open_migrations() == []
    assert schema.find_contracting() == []
    call_command("change_schema", "--check")
    call_command("change_schema", "--expand")
    call_command("change_schema", "--contract")


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("job", "a", models.TextField(null=True)),
        migrations.AddField("job", "a", models.TextField(db_default="")),
        migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddIndex("job", models.Index(fields=["name"], name="names")),
        migrations.AlterField("job", "name", models.CharField(max_length=20, null=True)),
        migrations.RunPython(migrations.RunPython.noop),
    ],
)
def test_what_expands_is_fine(operation):
    assert judge(operation) == ""


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (migrations.RemoveField("job", "name"), "still uses"),
        (migrations.DeleteModel("job"), "still uses"),
        (migrations.RenameField("job", "name", "title"), "still uses"),
        (migrations.AddField("job", "a", models.TextField()), "leaves it empty"),
        (migrations.AddField("job", "a", models.TextField(default="")), "leaves it empty"),
        (migrations.AlterField("job", "name", models.CharField(max_length=10)), "leaves it empty"),
        (migrations.AlterField("job", "name", models.CharField(max_length=5, null=True)), "another type"),
        (migrations.AlterField("job", "name", models.CharField(max_length=10, null=True, unique=True)), "the rule"),
        (migrations.AlterField("job", "name", models.IntegerField(null=True)), "another type"),
        (migrations.RunSQL("SELECT 1"), "nobody knows"),
    ],
)
def test_what_contracts_is_found(operation, reason):
    assert reason in judge(operation)


def make_migration(name: str, *, after: str = "", contracts: bool = False) -> Migration:
    made = Migration(name, "jobs")
    made.dependencies = [("jobs", after)] if after else []
    if contracts:
        made.contracts = True  # type: ignore[attr-defined]
    return made


def test_what_needs_a_contracting_one_waits_with_it():
    plan = [make_migration("1"), make_migration("2", after="1", contracts=True), make_migration("3", after="2")]
    assert [migration.name for migration in schema.split_expanding(plan)] == ["1"]


def test_the_check_refuses(monkeypatch):
    monkeypatch.setattr("image2model.management.commands.change_schema.find_contracting", lambda: ["jobs.9: gone"])
    with pytest.raises(CommandError, match="contracts = True"):
        call_command("change_schema", "--check")


def test_who_comes_second_waits():
    order: list[str] = []
    is_held, may_end = threading.Event(), threading.Event()

    def come_first() -> None:
        with schema._lock_database() if connection.vendor == "postgresql" else schema._lock_file():
            is_held.set()
            may_end.wait(60)
            order.append("first")
        connection.close()

    def come_second() -> None:
        is_held.wait(60)
        with schema._lock_database() if connection.vendor == "postgresql" else schema._lock_file():
            order.append("second")
        connection.close()

    threads = [threading.Thread(target=come_first), threading.Thread(target=come_second)]
    for thread in threads:
        thread.start()
    is_held.wait(60)
    threads[1].join(0.5)  # it would be over by then
    assert order == []
    may_end.set()
    for thread in threads:
        thread.join(60)
    assert order == ["first", "second"]


def test_within_itself_it_does_not_wait():
    with schema.hold_schema(), schema.hold_schema():
        call_command("migrate", verbosity=0)


@pytest.mark.database
def test_a_busy_table_is_asked_for_again(monkeypatch):
    """Rather than waited for, with everybody waiting behind."""
    if connection.vendor != "postgresql":
        return
    from django.db import OperationalError

    tries = []

    def meet_a_busy_table() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError from psycopg.errors.LockNotAvailable("busy")

    monkeypatch.setattr(schema, "PAUSE_SECONDS", 0)
    schema.run_patiently(meet_a_busy_table)
    assert len(tries) == 3
