"""Which environment do the tests see? A private one, made before Django reads its settings.

A pytest plugin, loaded by ``addopts``. Each process of a test run has its own data directory and Valkey; nothing of the
person's own environment (keys, databases, servers) reaches a test. ``bin/test`` steers it with three variables:
``TEST_ON_POSTGRES`` (PostgreSQL instead of SQLite), ``FAIL_ON_SKIP`` (a skipped test fails the run) and
``FAILED_CHECKS`` (checks that failed before the tests, told again at the end).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from image2model.configuration import SETTINGS
from tests.servers import run_postgres, run_valkey

_POSTGRES_URL = "TEST_POSTGRES_URL"  # handed from the controller of a run to its workers
_SECRET_KEY = "only-for-tests-0123456789-0123456789-0123456789-0123456789"
UNFIT = 8  # the exit status, other than that of a failed test
_ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
_resources = ExitStack()
_skipped: list[str] = []


def build_environment() -> None:
    folder = Path(tempfile.mkdtemp(prefix="image2model-tests-"))
    _resources.callback(shutil.rmtree, folder, ignore_errors=True)
    for setting in SETTINGS:
        os.environ.pop(setting.name, None)
        os.environ.pop(f"{setting.name}_FILE", None)
    os.environ |= {
        "DATA_DIR": str(folder / "data"),
        "SECRET_KEY": _SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1],testserver",
        "REDIS_URL": _resources.enter_context(run_valkey(folder)),
    }
    if os.environ.get("TEST_ON_POSTGRES"):
        if not _is_worker():
            os.environ[_POSTGRES_URL] = _resources.enter_context(run_postgres(folder))
        os.environ["DATABASE_URL"] = os.environ[_POSTGRES_URL]


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def pytest_unconfigure() -> None:
    _resources.close()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _must_fail() and session.exitstatus in _ENDED:
        session.exitstatus = UNFIT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if checks := os.environ.get("FAILED_CHECKS"):
        terminalreporter.section("checks that failed before the tests", red=True)
        terminalreporter.line(checks)
    if _skipped and os.environ.get("FAIL_ON_SKIP"):
        terminalreporter.section("skipped, where nothing may be skipped", red=True)
        for name in _skipped:
            terminalreporter.line(name)


def _must_fail() -> bool:
    return bool(os.environ.get("FAILED_CHECKS") or (_skipped and os.environ.get("FAIL_ON_SKIP")))


atexit.register(_resources.close)  # for a run that ends before pytest was configured
build_environment()
