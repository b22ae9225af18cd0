"""manage.py check --deploy"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import ERROR

from image2model.ops.deployment import check_application
from image2model.production import is_open_redis

PRODUCTION = {
    "DEBUG": "false",
    "HTTPS": "true",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "models.example.org",
    "PUBLIC_URL": "https://models.example.org",
    "DATABASE_URL": "postgres://image2model:secret@db.internal/image2model",
    "REDIS_URL": "redis://:secret@redis.internal:6379/0",
    "METRICS_TOKEN": "0123456789",
    "REQUIRE_TWO_FACTOR": "true",
}


def check(tmp_path: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR, env={**os.environ, "DATA_DIR": str(tmp_path), **PRODUCTION, **changes},
        text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


def test_it_works(tmp_path: Path) -> None:
    checked = check(tmp_path)

    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout
    assert "secret" not in checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"HTTPS": "false"}, "security.W008"),
        ({"HTTPS": "false", "DEBUG": "true"}, "security.W018"),
        ({"HTTPS": "false", "SECRET_KEY": "short"}, "security.W009"),
        ({"HTTPS": "false", "ALLOWED_HOSTS": "*"}, "image2model.W002"),
        ({"PUBLIC_URL": ""}, "image2model.W003"),
        ({"HTTPS": "false", "ALLOW_FAILPOINTS": "true"}, "image2model.W004"),
        ({"HTTPS": "false", "REDIS_URL": "redis://redis.internal"}, "image2model.W005"),
        ({"MAX_FILE_MBS": "3"}, "image2model.W001"),
    ],
)
def test_what_is_unsafe_is_told(tmp_path: Path, changes: dict[str, str], expected: str) -> None:
    checked = check(tmp_path, **changes)

    assert checked.returncode == 1
    assert expected in checked.stderr


def test_an_application_that_cannot_be_loaded_is_told(settings) -> None:
    assert check_application(None) == []

    settings.ASGI_APPLICATION = "tests.ops.test_deployment.nothing_of_that_name"
    [found] = check_application(None)
    assert (found.id, found.level >= ERROR) == ("image2model.E001", True)
    assert "nothing_of_that_name" in str(found.msg)


def test_that_a_password_alone_opens_the_admin_is_told(tmp_path: Path) -> None:
    checked = check(tmp_path, REQUIRE_TWO_FACTOR="false")

    assert "image2model.I001" in checked.stdout + checked.stderr


@pytest.mark.parametrize("url", ["redis://localhost/0", "redis://127.0.0.1", "unix:///x.sock", "redis://:pw@far/0"])
def test_a_redis_at_hand_needs_no_password(url: str) -> None:
    assert not is_open_redis(url)
