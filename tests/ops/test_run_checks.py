"""What does one check of the health do to the others, and to those who ask?"""

from __future__ import annotations

import threading
import time

from django.db import OperationalError

from image2model.ops import health
from image2model.ops.health import Finding, Health


def test_a_check_that_hangs_does_not_hold_up_the_others() -> None:
    release = threading.Event()

    def hang() -> Finding:
        release.wait(30)
        return Finding(status=Health.HEALTHY)

    began = time.monotonic()
    findings = health.run_checks({"slow": hang, "quick": lambda: Finding(status=Health.HEALTHY)}, timeout=0.2)
    spent = time.monotonic() - began
    release.set()

    assert findings["slow"].status == Health.UNHEALTHY
    assert findings["slow"].details == {"error": "timeout"}
    assert findings["quick"].status == Health.HEALTHY
    assert spent < 20  # the check that hangs does so for thirty


def test_a_check_that_still_hangs_is_not_asked_again() -> None:
    release, asked = threading.Event(), []

    def hang() -> Finding:
        asked.append(1)
        release.wait(30)
        return Finding(status=Health.HEALTHY)

    for _ in range(3):
        assert health.run_checks({"slow": hang}, timeout=0.1)["slow"].status == Health.UNHEALTHY
    release.set()

    assert len(asked) == 1


def test_a_check_that_fails_tells_no_secrets() -> None:
    def fail() -> Finding:
        raise OperationalError("password=secret host=db.internal")

    findings = health.run_checks({"database": fail})

    assert findings["database"].status == Health.UNHEALTHY
    assert "secret" not in str(findings["database"].details)
