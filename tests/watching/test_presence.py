"""Which processes run, and do they agree? As their rows say, and as the health of the API tells it"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.utils import timezone

from image2model.configuration import SETTINGS
from image2model.models import RunningProcess
from image2model.ops import beating, presence
from image2model.version import read_commit
from tests.api.client import Api

pytestmark = [pytest.mark.django_db(transaction=True)]
DETAILED = "/api/v1/health/detailed"


@pytest.fixture
def details(processes, api: Api):
    def read() -> dict:
        return api.get(DETAILED).json()["components"]["workers"]

    return read


def test_it_works(details) -> None:
    found = details()

    assert found["status"] == "healthy"
    assert found["details"]["drift"] == []
    listed = found["details"]["processes"]
    assert {each["kind"] for each in listed} == {"local", "post", "watch", "web"}
    assert set(listed[0]) == {
        "name", "kind", "host", "pid", "version", "commit", "schema", "settings", "started_at", "beat_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "0.0.1"}, "versions differ: 0.0.1, "),
        ({"commit": "0123456789abcdef"}, "commits differ: 0123456789ab, "),
        ({"schema": "jobs 0001"}, "schemas differ: "),
        ({"settings": {"MAX_FILES": "1"}}, "settings differ: MAX_FILES"),
    ],
)
def test_a_process_that_differs_turns_it_red(details, change: dict, words: str) -> None:
    RunningProcess.objects.filter(kind="web").update(**change)

    found = details()

    assert found["status"] == "unhealthy"
    assert any(words in line for line in found["details"]["drift"])


def test_the_site_as_a_whole_is_degraded_and_still_answers(processes, api: Api) -> None:
    """It serves; two kinds of code at once are for people to look at, not for load balancers."""
    RunningProcess.objects.filter(kind="web").update(commit="another")

    response = api.get(DETAILED)

    assert (response.status_code, response.json()["status"]) == (200, "degraded")


def test_a_database_ahead_of_the_code_is_told(details, monkeypatch) -> None:
    monkeypatch.setattr(presence, "describe_database_schema", lambda: "accounts 0099 · jobs 0099")

    assert details()["details"]["drift"] == ["the database's schema is accounts 0099 · jobs 0099"]


def test_code_and_database_agree() -> None:
    assert presence.describe_code_schema() == presence.describe_database_schema()


def test_one_that_fell_silent_does_not_count(details) -> None:
    RunningProcess.objects.filter(kind="web").update(commit="another", beat_at="2026-01-01T00:00:00Z")

    assert details()["status"] == "healthy"
    presence.forget_silent_processes()
    assert not RunningProcess.objects.filter(kind="web").exists()


def test_strangers_learn_nothing_of_it(processes, nobody: Api) -> None:
    assert "details" not in nobody.get(DETAILED).json()["components"]["workers"]


def test_it_is_written_seldom(django_assert_num_queries) -> None:
    presence.note_presence("often", kind="web")
    with django_assert_num_queries(0):
        presence.note_presence("often", kind="web")
    presence.forget_presence("often")


def test_fingerprints_tell_values_apart_and_do_not_tell_them(monkeypatch) -> None:
    configuration = dict(django_settings.CONFIGURATION)
    before = presence.fingerprint_settings(configuration)
    after = presence.fingerprint_settings({**configuration, "MAX_FILES": 24, "EMAIL_URL": "smtp://u:p@h"})

    assert {name for name in before if before[name] != after[name]} == {"MAX_FILES", "EMAIL_URL"}
    assert set(before) == {setting.name for setting in SETTINGS if setting.shared}
    assert all(len(value) == 8 for value in before.values())
    monkeypatch.setattr(django_settings, "SECRET_KEY", "another")
    rekeyed = presence.fingerprint_settings(configuration)
    secrets = {setting.name for setting in SETTINGS if setting.shared and setting.secret}
    assert {name for name in before if before[name] != rekeyed[name]} == secrets


def test_settings_of_one_process_alone_make_no_difference() -> None:
    alone = {setting.name for setting in SETTINGS if not setting.shared}

    assert {"FAL_KEY", "LOG_FORMAT", "DATA_DIR", "BUILD_COMMIT", "ALLOWED_HOSTS"} <= alone
    assert not alone & {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "STORAGE_URL", "MAX_FILES", "PUBLIC_URL"}


def test_a_setting_that_only_one_version_knows_is_no_difference_by_itself() -> None:
    assert presence.list_differing_settings([{"OLD": "1", "BOTH": "2"}, {"NEW": "3", "BOTH": "2"}]) == []


class TestCommit:
    def test_it_works(self, tmp_path: Path) -> None:
        make_checkout(tmp_path, head="ref: refs/heads/main")
        (tmp_path / ".git/refs/heads/main").write_text("a" * 40 + "\n")
        assert read_commit(tmp_path) == "a" * 40

    def test_a_packed_branch(self, tmp_path: Path) -> None:
        make_checkout(tmp_path, head="ref: refs/heads/main")
        (tmp_path / ".git/packed-refs").write_text(f"# pack-refs\n{'b' * 40} refs/heads/main\n")
        assert read_commit(tmp_path) == "b" * 40

    def test_no_branch(self, tmp_path: Path) -> None:
        make_checkout(tmp_path, head="c" * 40)
        assert read_commit(tmp_path) == "c" * 40

    def test_a_worktree(self, tmp_path: Path) -> None:
        make_checkout(tmp_path / "main", head="ref: refs/heads/main")
        (tmp_path / "main/.git/refs/heads/other").write_text("d" * 40)
        inner = tmp_path / "main/.git/worktrees/other"
        inner.mkdir(parents=True)
        (inner / "HEAD").write_text("ref: refs/heads/other\n")
        (inner / "commondir").write_text("../..\n")
        (tmp_path / "other").mkdir()
        (tmp_path / "other/.git").write_text(f"gitdir: {inner}\n")
        assert read_commit(tmp_path / "other") == "d" * 40

    def test_no_checkout(self, tmp_path: Path) -> None:
        assert read_commit(tmp_path) == ""


def make_checkout(folder: Path, *, head: str) -> None:
    (folder / ".git/refs/heads").mkdir(parents=True)
    (folder / ".git/HEAD").write_text(head + "\n")


def test_a_server_is_seen_from_its_start_to_its_end() -> None:
    """As uvicorn speaks to it."""
    seen, said = threading.Event(), []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict:
        message = next(messages)
        if message["type"] == "lifespan.shutdown":
            await asyncio.to_thread(wait_for_row, seen)
        return message

    async def send(message: dict) -> None:
        said.append(message["type"])

    asyncio.run(beating.Lifespan()({"type": "lifespan"}, receive, send))

    assert seen.is_set()
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert not RunningProcess.objects.filter(kind="web").exists()


def wait_for_row(seen: threading.Event) -> None:
    from django.db import connections

    end = timezone.now().timestamp() + 30
    while timezone.now().timestamp() < end and not seen.is_set():
        if RunningProcess.objects.filter(kind="web").exists():
            seen.set()
    connections.close_all()


def test_without_a_database_a_server_starts_all_the_same(monkeypatch) -> None:
    tried = threading.Event()

    def fail(*_: object, **__: object) -> None:
        tried.set()
        raise OperationalError("gone")

    monkeypatch.setattr(beating, "note_presence", fail)
    beat = beating.Beat("web")
    beat.start()
    assert tried.wait(60)
    beat.stop()
