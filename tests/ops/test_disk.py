"""GET /api/v1/admin/disk-usage, /system-health and /list-files"""

from __future__ import annotations

import shutil
from collections import namedtuple

import pytest

from accounts.models import User
from tests.api.client import Api, assert_refused
from tests.factories import finish_job, make_job

Usage = namedtuple("Usage", "total used free")
FILES = "/api/v1/admin/list-files"


@pytest.fixture
def staff(bob: User) -> Api:
    bob.is_staff = True
    bob.save()
    return Api(bob, scopes=("admin",))


def test_it_works(staff: Api, alice: User) -> None:
    finish_job(make_job(alice))

    body = staff.get("/api/v1/admin/disk-usage").json()

    assert set(body) == {"upload_dir", "output_dir", "timestamp"}
    for facts in (body["upload_dir"], body["output_dir"]):
        assert facts["disk_total_gb"] >= facts["disk_free_gb"] > 0
        assert 0 < facts["disk_usage_percent"] <= 100
    assert body["upload_dir"]["files"] == 1
    assert body["output_dir"]["files"] == 2


def test_it_is_healthy(staff: Api, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1000, 500, 500))

    body = staff.get("/api/v1/admin/system-health").json()

    assert body["status"] == "healthy"
    assert body["warnings"] == []
    assert set(body["disk_usage"]) == {"upload_dir", "output_dir"}


@pytest.mark.parametrize(("used", "status"), [(900, "degraded"), (960, "unhealthy")])
def test_a_disk_that_fills_up_is_told(staff: Api, monkeypatch, used: int, status: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1000, used, 1000 - used))

    body = staff.get("/api/v1/admin/system-health").json()

    assert body["status"] == status
    assert len(body["warnings"]) == 2


def test_files_are_listed(staff: Api, alice: User) -> None:
    job = finish_job(make_job(alice, pictures=2))

    uploads = staff.get(f"{FILES}?directory=uploads").json()
    results = staff.get(f"{FILES}?directory=results&limit=3").json()

    assert uploads["total_files"] == 2
    assert {entry["owner_id"] for entry in uploads["files"]} == {alice.pk}
    assert (results["total_files"], len(results["files"]), results["limit"]) == (4, 3, 3)
    assert {entry["job_id"] for entry in results["files"]} == {str(job.pk)}
    assert all(entry["size"] > 0 and len(entry["sha256"]) == 64 for entry in results["files"])


@pytest.mark.parametrize("query", ["directory=../etc", "directory=", "limit=0", "limit=1001", "limit=x", "path=/etc"])
def test_bad_queries_are_refused(staff: Api, query: str) -> None:
    assert_refused(staff.get(f"{FILES}?{query}"), 400, "invalid_parameter")
