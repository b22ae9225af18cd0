"""manage.py doctor"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from image2model.ops import doctor
from jobs.models import Generation, Provider, WorkerHeartbeat
from tests.factories import make_job
from tests.ops.test_health import ALL_QUEUES, note_workers
from tests.virtual_fal.running import run_virtual_fal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _well(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after bin/up."""
    note_workers(*ALL_QUEUES)
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    manifest.write_text(json.dumps({}))
    monkeypatch.setattr("image2model.ops.doctor.FRONT_END", settings.BASE_DIR)


def find_faults() -> list[str]:
    return list(doctor.find_faults())


def test_it_works() -> None:
    out, err = StringIO(), StringIO()

    call_command("doctor", stdout=out, stderr=err)

    assert out.getvalue() == "Everything works.\n"
    assert err.getvalue() == ""


def test_each_fault_is_one_line_and_the_exit_code_tells(monkeypatch) -> None:
    monkeypatch.setenv("MAX_FILE_MBS", "3")
    WorkerHeartbeat.objects.filter(queue="post").delete()
    err = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stderr=err)

    assert ended.value.code == 1
    lines = err.getvalue().splitlines()
    assert len(lines) == 2
    assert "did you mean MAX_FILE_MB?" in lines[0]
    assert lines[1].startswith("workers: degraded: nobody works on post.")


def test_a_redis_that_is_gone_is_told(monkeypatch) -> None:
    monkeypatch.setattr("jobs.queue.get_connection", lambda: Redis(port=1, retry=Retry(NoBackoff(), 0)))

    [fault] = find_faults()
    assert fault.startswith("redis: unhealthy: ConnectionError.")


def test_a_redis_that_forgets_is_told() -> None:
    from jobs.queue import get_connection

    get_connection().config_set("maxmemory", "100mb")
    get_connection().config_set("maxmemory-policy", "allkeys-lru")
    try:
        [fault] = find_faults()
    finally:
        get_connection().config_set("maxmemory-policy", "noeviction")
        get_connection().config_set("maxmemory", "0")

    assert "use noeviction" in fault


def test_a_storage_that_takes_nothing_is_told(monkeypatch) -> None:
    def fail(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(default_storage, "save", fail)

    [fault] = find_faults()
    assert fault.startswith("storage: unhealthy: PermissionError.")


def test_missing_migrations_are_told(monkeypatch) -> None:
    monkeypatch.setattr("django.db.migrations.executor.MigrationExecutor.migration_plan", lambda *_: [("jobs", "0001")])

    assert find_faults() == ["database: migrations are missing; manage.py prepare applies them."]


def test_a_wrong_clock_is_told(monkeypatch) -> None:
    ahead = timezone.now() + timedelta(minutes=3)
    monkeypatch.setattr(doctor.timezone, "now", lambda: ahead)

    [fault] = doctor.check_clock()
    assert "its clock differs from ours by 1" in fault


def test_what_waits_for_long_is_told(alice) -> None:
    make_job(alice)
    Generation.objects.update(created_at="2020-01-01T00:00:00Z")

    [fault] = find_faults()
    assert fault.startswith("queue: degraded: 1 wait, the longest for ")


def test_a_paused_provider_is_told() -> None:
    note_workers("fal")
    Provider.objects.create(name="fal", engines=["tripo-v2.5"], paused_reason="balance")

    [fault] = find_faults()
    assert fault.startswith("fal_api: unhealthy: the breaker is closed, paused: balance.")


def test_uncollected_static_files_are_told() -> None:
    (Path(settings.STATIC_ROOT) / "staticfiles.json").unlink()

    assert find_faults() == ["files: the static files are not collected; manage.py prepare does it."]


def test_missing_libraries_of_the_front_end_are_told(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("image2model.ops.doctor.FRONT_END", tmp_path / "nothing")

    [fault] = find_faults()
    assert "npm ci" in fault


def test_a_key_that_others_can_read_is_told() -> None:
    key = settings.DATA_DIR / "secret_key"
    key.write_text("x")
    key.chmod(0o644)
    try:
        [fault] = find_faults()
    finally:
        key.unlink()

    assert "chmod 600" in fault


def test_packages_are_compared_with_what_is_pinned(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(
        "django==1.0\n    # via x\nno-such-package[extra]==3\nredis==" + doctor.find_version("redis")
    )

    faults = list(doctor.check_packages(requirements))

    assert [fault.split(", ")[0] for fault in faults] == [
        "packages: django 1.0 is needed",
        "packages: no-such-package 3 is needed",
    ]


def test_traces_without_their_packages_are_told(settings, monkeypatch) -> None:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:1"
    assert list(doctor.check_tracing()) == []
    monkeypatch.setattr(doctor, "find_version", lambda _: None)

    [fault] = doctor.check_tracing()
    assert "pip install" in fault


def test_a_key_that_fal_takes_is_no_fault(settings, monkeypatch) -> None:
    with run_virtual_fal() as fal:
        settings.FAL_KEY, settings.FAL_BASE_URL = fal.key, fal.base_url
        assert list(doctor.check_fal_key()) == []
        settings.FAL_KEY = "00000000-0000-0000-0000-000000000000:" + "0" * 32
        [fault] = doctor.check_fal_key()

    assert fault.endswith("Is FAL_KEY right?")


def test_a_fal_that_is_gone_is_told(settings) -> None:
    settings.FAL_KEY, settings.FAL_BASE_URL = "key", "http://127.0.0.1:1"

    [fault] = doctor.check_fal_key()
    assert "cannot be reached" in fault


def test_a_database_that_is_gone_is_one_fault(tmp_path: Path) -> None:
    """In a process of its own, with a database that is none."""
    (tmp_path / "broken.sqlite3").write_bytes(b"this is no database" * 100)

    done = run_doctor(DATA_DIR=str(tmp_path), DATABASE_URL=f"sqlite://{tmp_path}/broken.sqlite3")

    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("redis", "files"))]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("database: unhealthy: DatabaseError.")


def test_a_value_that_cannot_be_used_is_one_line() -> None:
    done = run_doctor(MAX_FILES="many")

    assert done.returncode == 1
    assert done.stderr == "Image2Model cannot start: MAX_FILES must be a whole number.\n"


def run_doctor(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "doctor"], cwd=settings.BASE_DIR, env={**os.environ, **environment},
        text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
