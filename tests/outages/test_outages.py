"""A part that we hang on is taken away: what still works, who is named, does it come back by itself? P16–P18, P27."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.factories import make_picture
from tests.outages.conftest import ANSWER_SECONDS, Site, frozen, measured, stopped
from tests.running import wait_for_job, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
numbers = iter(range(1_000_000))


@pytest.fixture(autouse=True)
def _well_before_and_after(site: Site) -> Iterator[None]:
    site.wait_until_well()
    yield
    site.wait_until_well()


def send(site: Site) -> httpx.Response:
    files = [("files", (f"{number}.png", make_picture(number), "image/png")) for number in (next(numbers),)]
    with measured(ANSWER_SECONDS):
        return site.client.post("/api/v1/upload", files=files)


def list_files(site: Site) -> set[str]:
    folders = (site.product.data_dir / "files", site.product.data_dir / "incoming")
    return {str(path) for folder in folders for path in folder.rglob("*") if path.is_file()}


def finish(site: Site, answer: httpx.Response) -> None:
    assert answer.status_code == 200, answer.text
    assert wait_for_job(site.client, answer.json()["job_id"])["status"] == "completed"


def assert_refused(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["error_code"]) == (503, code), answer.text
    assert int(answer.headers["Retry-After"]) > 0


@contextmanager
def listening(site: Site, job_id: str) -> Iterator[list[dict[str, Any]]]:
    """The data of a stream's frames as they come, until it ends."""
    frames: list[dict[str, Any]] = []

    def read() -> None:
        address = f"{site.product.url}/api/v1/jobs/{job_id}/events"
        with httpx.stream("GET", address, headers=site.client.headers, timeout=120) as answer:
            frames.extend(json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    yield frames
    reader.join(120)
    assert not reader.is_alive(), "the stream did not end"


def test_it_works(site: Site) -> None:
    finish(site, send(site))


def test_without_redis(site: Site) -> None:
    before = send(site).json()["job_id"]
    wait_for_job(site.client, before)
    with stopped(site.redis):
        site.wait_for_health("redis", what="Redis alone to be named")
        assert site.is_alive()
        assert site.client.get("/api/v1/health/readiness").status_code == 200
        answer = send(site)
        assert (answer.status_code, answer.json()["status"]) == (200, "queued")
        assert "Warning" in answer.headers
        with measured(ANSWER_SECONDS):
            assert site.client.get("/api/v1/jobs").json()["results"][0]["id"] == answer.json()["job_id"]
        assert site.client.get(f"/api/v1/download/{before}/all").json()["total_files"] == 1
        assert site.client.get("/models/").status_code in (200, 302)
        with listening(site, answer.json()["job_id"]) as frames:  # heals itself by looking at the row
            wait_until(lambda: frames, what="the present state")
            assert site.client.post(f"/api/v1/jobs/{answer.json()['job_id']}/cancel").status_code == 200
        assert frames[-1]["status"] == "cancelled"
        waiting = send(site)
    finish(site, waiting)


def test_without_the_database(site: Site) -> None:
    job_id = send(site).json()["job_id"]
    wait_for_job(site.client, job_id)
    kept = list_files(site)
    with stopped(site.database):
        site.wait_for_health("database", what="the database alone to be named")
        assert site.is_alive()
        readiness = site.client.get("/api/v1/health/readiness")
        assert (readiness.status_code, readiness.json()["failed"]) == (503, ["database"])
        assert_refused(send(site), "database_unavailable")
        for path in ("/api/v1/jobs", f"/api/v1/jobs/{job_id}", f"/api/v1/jobs/{job_id}/events", "/api/v1/account"):
            with measured(ANSWER_SECONDS):
                assert_refused(site.client.get(path), "database_unavailable")
        page = httpx.get(f"{site.product.url}/models/", cookies={"sessionid": "somebody"}, timeout=60)
        assert (page.status_code, page.headers.get("Retry-After")) in ((503, "5"), (302, None))
        assert list_files(site) == kept
    site.wait_until_well()
    finish(site, send(site))


def test_a_database_that_goes_while_work_is_done(site: Site) -> None:
    """Workers wait for it, and go on by themselves; a stream stays open."""
    answer = send(site)
    assert answer.status_code == 200
    with listening(site, answer.json()["job_id"]) as frames:
        wait_until(lambda: frames, what="the present state")
        with stopped(site.database):
            site.wait_for_health("database", what="the database alone to be named")
    assert frames[-1]["status"] == "completed"


def test_without_workers(site: Site) -> None:
    with frozen(site.find_workers()):
        site.wait_for_health("workers", what="the workers alone to be named")
        assert site.client.get("/api/v1/health/detailed").status_code == 200
        waiting = send(site)
        assert site.client.get(f"/api/v1/jobs/{waiting.json()['job_id']}").json()["status"] == "queued"
    finish(site, waiting)


def test_without_the_watcher(site: Site) -> None:
    with frozen(site.find_workers("watch")):
        wait_until(lambda: site.read_health()["workers"] == "degraded", what="the watcher's absence to be seen")
        health = site.read_health()
        assert {name for name, status in health.items() if status != "healthy"} == {"workers"}
        details = site.client.get("/api/v1/health/detailed").json()["components"]["workers"]["details"]
        assert (details["watched"], details["missing"]) in ((False, ["watch"]), (False, []))
        finish(site, send(site))


def test_without_storage(site: Site) -> None:
    """A file lies where the folder should be: nothing can be written, whoever asks."""
    done = send(site).json()["job_id"]
    wait_for_job(site.client, done)
    folder, aside = site.product.data_dir / "files", site.product.data_dir / "files-aside"
    folder.rename(aside)
    folder.touch()
    try:
        site.wait_for_health("storage", what="the storage alone to be named")
        assert site.is_alive()
        readiness = site.client.get("/api/v1/health/readiness")
        assert (readiness.status_code, readiness.json()["failed"]) == (503, ["storage"])
        answer = send(site)
        assert answer.status_code == 503, answer.text
        assert answer.json()["error_code"] in ("storage_full", "file_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert site.client.get(f"/api/v1/jobs/{done}").status_code == 200
        listed = site.client.get(f"/api/v1/download/{done}/all").json()["download_urls"]
        assert_refused(site.client.get(listed[0]), "file_unavailable")
    finally:
        folder.unlink()
        aside.rename(folder)
    site.wait_until_well()
    assert site.client.get(listed[0]).status_code == 200
    finish(site, send(site))
