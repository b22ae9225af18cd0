"""Does the product start with settings with which nobody should face the world? Each bad one is refused in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from image2model.production import find_faults
from tests.ops.test_deployment import PRODUCTION
from tests.running import build_environment

REFUSED = [
    ({"DEBUG": "true"}, "DEBUG must be off"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY needs 50 random characters"),
    ({"SECRET_KEY": "ab" * 40}, "SECRET_KEY needs 50 random characters"),
    ({"API_KEY_PEPPER": "short"}, "API_KEY_PEPPER needs 50 random characters"),
    ({"ALLOWED_HOSTS": "models.example.org,*"}, "ALLOWED_HOSTS must name the hosts"),
    ({"PUBLIC_URL": "http://models.example.org"}, "PUBLIC_URL must begin with https://"),
    ({"REDIS_URL": "redis://redis.internal:6379/0"}, "needs a password in REDIS_URL"),
    ({"REDIS_URL": "rediss://redis.internal:6379/0"}, "needs a password in REDIS_URL"),
    ({"ALLOW_FAILPOINTS": "true"}, "ALLOW_FAILPOINTS must be off"),
    ({"VIRTUAL_FAL": "true"}, "VIRTUAL_FAL must be off"),
    ({"HTTPS": "perhaps"}, "HTTPS must be true or false"),
    ({"ADMIN_PATH": "api"}, "ADMIN_PATH must be one part of an address"),
    ({"ADMIN_PATH": "a/b"}, "ADMIN_PATH must be one part of an address"),
    ({"ADMIN_ADDRESSES": "10.0.0.0/99"}, "ADMIN_ADDRESSES must be addresses or networks"),
    ({"SECRET_KEY_FILE": "/nowhere/key"}, "SECRET_KEY_FILE cannot be read"),
    ({"DATABASE_URL": "mysql://db"}, "DATABASE_URL must begin with"),
    ({"STORAGE_URL": "ftp://x"}, "STORAGE_URL must look like"),
    ({"EMAIL_URL": "mail.example.org"}, "EMAIL_URL must begin with"),
]
QUESTION = "from django.conf import settings; print(settings.{})"


def start(tmp_path: Path, code: str = "import image2model.settings", **changes: str):
    environment = build_environment(tmp_path, **{**PRODUCTION, **changes})
    return subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment, text=True, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip


def ask(tmp_path: Path, name: str, **changes: str) -> str:
    done = start(tmp_path, QUESTION.format(name), **changes)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_works(tmp_path):
    assert start(tmp_path).returncode == 0


@pytest.mark.parametrize(("changes", "told"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_bad_setting_is_refused(tmp_path, changes, told):
    done = start(tmp_path, **changes)

    assert done.returncode == 1
    assert done.stderr.startswith("Image2Model cannot start: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert PRODUCTION["SECRET_KEY"] not in done.stderr


def test_on_one_machine_nothing_of_it_is_refused():
    configuration = {"HTTPS": False, "DEBUG": True, "ALLOWED_HOSTS": ["*"]}
    assert find_faults(configuration) == []


def test_a_secret_may_lie_in_a_file(tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{PRODUCTION['SECRET_KEY']}-from-the-file\n")
    environment = {"SECRET_KEY": "", "SECRET_KEY_FILE": str(file)}
    assert ask(tmp_path, "SECRET_KEY", **environment).endswith("-from-the-file")


def test_every_secret_can_lie_in_a_file():
    from image2model.configuration import SETTINGS, read_configuration

    for setting in [setting for setting in SETTINGS if setting.secret]:
        path = Path(os.environ["DATA_DIR"]) / "one-secret"
        path.write_text("https://canary\n")
        value = read_configuration({f"{setting.name}_FILE": str(path)})[setting.name]
        assert value in ("https://canary", ["https://canary"]), setting.name


@pytest.mark.parametrize(
    ("name", "secure", "plain"),
    [
        ("SESSION_COOKIE_NAME", "__Host-sessionid", "sessionid"),
        ("CSRF_COOKIE_NAME", "__Host-csrftoken", "csrftoken"),
        ("SESSION_COOKIE_SECURE", "True", "False"),
        ("CSRF_COOKIE_SECURE", "True", "False"),
        ("SECURE_SSL_REDIRECT", "True", "False"),
        ("SECURE_HSTS_SECONDS", "31536000", "0"),
    ],
)
def test_https_binds_cookies_and_browsers(tmp_path, name, secure, plain):
    assert ask(tmp_path, name) == secure
    assert ask(tmp_path, name, HTTPS="false", PUBLIC_URL="") == plain
