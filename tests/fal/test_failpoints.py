"""Failure points do nothing unless settings and environment both ask for it, and each name stands for a step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs import failpoints
from jobs.failpoints import FAL_POINTS, FailpointError, failpoint

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def asked(monkeypatch, settings):
    def ask(plan: str, *, allowed: bool = True) -> None:
        settings.ALLOW_FAILPOINTS = allowed
        monkeypatch.setenv("FAILPOINTS", plan)

    failpoints._read_plan.cache_clear()
    failpoints._dice.cache_clear()
    yield ask
    failpoints._read_plan.cache_clear()
    failpoints._dice.cache_clear()


def test_it_works(asked):
    asked("collect.after_store:1:raise")
    with pytest.raises(FailpointError):
        failpoint("collect.after_store")
    failpoint("collect.after_record")


def test_settings_must_allow_it(asked):
    asked("collect.after_store:1:raise", allowed=False)
    failpoint("collect.after_store")


def test_nothing_is_asked(settings):
    settings.ALLOW_FAILPOINTS = True
    failpoint("collect.after_store")


def test_an_unknown_name(asked):
    asked("collect.somewhere:1:raise")
    with pytest.raises(FailpointError, match="no failpoint"):
        failpoint("collect.after_store")


def test_every_name_is_a_step_and_every_step_has_its_name():
    sources = "\n".join(path.read_text() for path in (ROOT / "jobs").rglob("*.py") if path.name != "failpoints.py")
    used = set(re.findall(r'"((?:dispatch|submit|follow|collect|finish)\.[a-z_]+)"', sources))
    assert used == set(FAL_POINTS)
