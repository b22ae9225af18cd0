"""GET /api/v1/logs/analyze, /logs/health and /logs/summary/daily"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import User
from image2model.ops import log_reading
from tests.api.client import Api, assert_refused

ANALYZE, HEALTH, DAILY = "/api/v1/logs/analyze", "/api/v1/logs/health", "/api/v1/logs/summary/daily"
NOW = datetime.now(UTC)


@pytest.fixture
def staff(bob: User) -> Api:
    bob.is_staff = True
    bob.save()
    return Api(bob, scopes=("admin",))


@pytest.fixture(autouse=True)
def folder() -> Path:
    """Empty: the lines of other tests are none of ours."""
    folder = settings.DATA_DIR / "logs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def write(folder: Path, *lines: dict, at: datetime = NOW) -> None:
    with (folder / f"{at:%Y-%m-%d}.000.jsonl").open("a") as file:
        for line in lines:
            time = at.isoformat().replace("+00:00", "Z")
            file.write(json.dumps({"time": time, "level": "INFO", "logger": "x", "message": "y", **line}) + "\n")


def answered(ms: float, *, status: int = 200, route: str = "api/v1/jobs") -> dict:
    return {"logger": "image2model.requests", "route": route, "status": status, "ms": ms}


def test_it_works(staff: Api, folder: Path) -> None:
    write(folder, *(answered(ms) for ms in range(1, 101)), answered(900, status=503, route="slow"))
    for number in range(3):
        write(folder, {"level": "ERROR", "logger": "jobs", "message": f"Job {number} broke."})
    write(folder, {"logger": "image2model.generations", "message": "Generation 1 of local completed."})

    body = staff.get(f"{ANALYZE}?hours_back=2").json()

    assert body["hours_back"] == 2
    assert body["lines"] == 105
    assert body["levels"] == {"INFO": 102, "ERROR": 3}
    assert body["top_errors"][0] | {"last_seen": None} == {
        "logger": "jobs", "message": "Job … broke.", "count": 3, "last_seen": None,
    }  # fmt: skip
    assert body["requests"] == {"total": 101, "by_status": {"2xx": 100, "5xx": 1}}
    assert body["latency_ms"]["p50"] == 51
    assert body["latency_ms"]["max"] == 900
    assert body["slowest_routes"][0] == {"route": "slow", "requests": 1, "p95_ms": 900}
    assert body["generations"] == {"completed": 1}
    assert body["complete"] is True


def test_older_lines_do_not_count(staff: Api, folder: Path) -> None:
    write(folder, {}, at=NOW - timedelta(hours=30))
    write(folder, {}, at=NOW - timedelta(minutes=1))

    assert staff.get(ANALYZE).json()["lines"] == 1
    assert staff.get(f"{ANALYZE}?hours_back=48").json()["lines"] == 2


def test_broken_lines_are_passed_over(staff: Api, folder: Path) -> None:
    write(folder, {})
    with (folder / f"{NOW:%Y-%m-%d}.000.jsonl").open("a") as file:
        file.write('{"time": "half a li\n[1, 2]\n{"time": 3}\n')

    body = staff.get(ANALYZE).json()

    assert (body["lines"], body["unreadable_lines"]) == (1, 3)


def test_it_ends_when_there_is_too_much(staff: Api, folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(log_reading, "MOST_BYTES", 10)
    write(folder, {}, at=NOW - timedelta(days=1, minutes=1))
    write(folder, {})

    body = staff.get(f"{ANALYZE}?hours_back=72").json()

    assert (body["lines"], body["complete"]) == (1, False)


def test_nothing_is_nothing(staff: Api) -> None:
    body = staff.get(ANALYZE).json()

    assert body["lines"] == 0
    assert body["latency_ms"] == {"average": None, "p50": None, "p95": None, "p99": None, "max": None}


def test_a_day_is_summed_up(staff: Api, folder: Path) -> None:
    yesterday = NOW - timedelta(days=1)
    write(folder, answered(5), at=yesterday)
    write(folder, answered(5), answered(6))

    assert staff.get(DAILY).json()["requests"]["total"] == 2
    body = staff.get(f"{DAILY}?date={yesterday:%Y-%m-%d}").json()
    assert body["date"] == f"{yesterday:%Y-%m-%d}"
    assert body["requests"]["total"] == 1


def test_it_tells_that_lines_are_written(staff: Api, folder: Path) -> None:
    write(folder, *([answered(1)] * 20), {"level": "ERROR"})

    body = staff.get(HEALTH).json()

    assert (body["status"], body["writable"], body["files"]) == ("healthy", True, 1)
    assert body["errors_last_hour"] == 1
    assert body["newest_line_at"]


def test_many_failed_requests_are_trouble(staff: Api, folder: Path) -> None:
    write(folder, *([answered(1)] * 9), answered(1, status=500))

    assert staff.get(HEALTH).json()["status"] == "degraded"


def test_a_folder_that_takes_nothing_is_told(staff: Api, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("in the way")

    body = staff.get(HEALTH).json()
    folder.unlink()

    assert (body["status"], body["writable"]) == ("unhealthy", False)


@pytest.mark.parametrize(
    "path",
    [f"{ANALYZE}?hours_back=0", f"{ANALYZE}?hours_back=9999", f"{ANALYZE}?hours_back=x", f"{ANALYZE}?hours=3",
     f"{DAILY}?date=yesterday", f"{DAILY}?date=2026-13-01", f"{DAILY}?date=2999-01-01", f"{DAILY}?date=20260101",
     f"{HEALTH}?x=1"],
)  # fmt: skip
def test_bad_queries_are_refused(staff: Api, path: str) -> None:
    assert_refused(staff.get(path), 400, "invalid_parameter")
