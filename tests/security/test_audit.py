"""bin/audit.py: are vulnerable packages told, and is it told when nobody could be asked?"""

from __future__ import annotations

import importlib.util
import json
import subprocess
from types import SimpleNamespace

import pytest
from django.conf import settings

SPEC = importlib.util.spec_from_file_location("audit", settings.BASE_DIR / "bin" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

GOOD = {"name": "django", "version": "5.2.19", "vulns": []}
BAD = {"name": "left-pad", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "django", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.fixture
def answer(monkeypatch):
    """What pip-audit says to each service."""

    def choose(told):
        def run(command, **_):
            text = told(command[2]) if callable(told) else told
            return SimpleNamespace(stdout=text if isinstance(text, str) else json.dumps({"dependencies": text}))

        monkeypatch.setattr(audit.subprocess, "run", run)

    return choose


def test_it_works(answer, capsys):
    answer([GOOD, GOOD])
    assert audit.main() == 0
    assert "2 packages, 0 known" in capsys.readouterr().out


def test_a_vulnerable_package_fails(answer, capsys):
    answer([GOOD, BAD])
    assert audit.main() == 1
    assert "VULNERABLE: left-pad 1.0: PYSEC-1, mended in 1.1" in capsys.readouterr().out


@pytest.mark.parametrize("told", ["", "Traceback …", [UNKNOWN, UNKNOWN, GOOD], "{}"])
def test_who_cannot_be_asked_gives_no_clean_bill(answer, capsys, monkeypatch, told):
    answer(told)
    assert audit.main() == 0
    assert "NOT AUDITED" in capsys.readouterr().out
    monkeypatch.setenv("AUDIT_REQUIRED", "1")
    assert audit.main() == 1


def test_the_other_list_is_asked_when_one_is_silent(answer, capsys):
    answer(lambda service: "" if service == "osv" else [BAD])
    assert audit.main() == 1
    assert "(pypi)" in capsys.readouterr().out


def test_an_endless_wait_is_none(monkeypatch):
    def run(command, **_):
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(audit.subprocess, "run", run)
    assert audit.main() == 0
