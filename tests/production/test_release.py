"""Does a release reach its visitors without a failed request, and does a broken one go back by itself?"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.production.host import DEPLOY, Host, run_host, run_quietly
from tests.production.load import Visitors
from tests.running import ROOT, wait_for_job

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

OLD, NEW = "900.0.1", "900.0.2"
MIGRATION = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("jobs", {newest!r})]
    operations = [migrations.{operation}]
    {mark}
"""


@dataclass
class Yard:
    """A host, the sources with their commits, and who is told of releases."""

    host: Host
    commits: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @property
    def source(self) -> Path:
        return self.host.root / "opt/image2model/source"

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Tests", "-c", "user.email=tests@example.org")
        done = run_quietly(["git", *who, *arguments], cwd=self.source)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, name: str, *, files: dict[str, str]) -> None:
        for path, text in files.items():
            (self.source / path).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", name)
        self.commits[name] = self.git("rev-parse", "HEAD")

    def release(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run(*options, self.commits[name])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [DEPLOY / "release.sh", "--driver", "processes", "--root", self.host.root, "--by", "tests"]
        return run_quietly([*command, *arguments], timeout=600)

    @property
    def active(self) -> str:
        return (self.host.root / "opt/image2model/active").read_text().strip()

    @property
    def audit(self) -> list[dict]:
        lines = (self.host.root / "var/log/image2model/releases.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def version(self) -> str:
        return httpx.get(f"{self.host.url}/health", verify=self.host.trusted).json()["version"]


@pytest.fixture(scope="module")
def yard() -> Iterator[Yard]:
    root = Path(tempfile.mkdtemp(prefix="image2model-releases-"))
    try:
        with run_host(root) as host, hear(yard := Yard(host)) as address:
            lay_out_releases(yard, address=address)
            first = yard.release("old", "--skip-tests")
            assert first.returncode == 0, first.stdout + first.stderr
            host.client().close()  # makes the key
            yield yard
    finally:
        shutil.rmtree(root, ignore_errors=True)


class Ear(BaseHTTPRequestHandler):
    """Takes Slack's messages, in silence."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body)["text"])  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody wants to know."""


@contextmanager
def hear(yard: Yard) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        server.told = yard.told  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def lay_out_releases(yard: Yard, *, address: str) -> None:
    opt = yard.host.root / "opt/image2model"
    subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, yard.source], check=True)
    changelog = (yard.source / "CHANGELOG.md").read_text()
    newest = sorted(path.stem for path in (yard.source / "jobs/migrations").glob("0*.py"))[-1]
    field_ = 'AddField("job", "remark", models.TextField(null=True))'
    yard.commit("old", files={"CHANGELOG.md": f"## {OLD}\n\n{changelog}"})
    yard.commit("new", files={
        "CHANGELOG.md": f"## {NEW}\n\n{changelog}",
        "jobs/migrations/9001_remark.py": MIGRATION.format(newest=newest, operation=field_, mark=""),
    })  # fmt: skip
    asgi = (yard.source / "image2model/asgi.py").read_text()
    yard.commit("cannot start", files={"image2model/asgi.py": f"{asgi}\nraise RuntimeError('broken')\n"})
    pages = (yard.source / "image2model/pages.py").read_text()
    yard.commit("broken page", files={
        "image2model/asgi.py": asgi,
        "image2model/pages.py": pages.replace("def start(", "def start(*_):\n    raise RuntimeError\n\n\ndef _start("),
    })  # fmt: skip
    taking = 'RemoveField("job", "remark")'
    yard.commit("takes away", files={
        "image2model/pages.py": pages,
        "jobs/migrations/9002_no_remark.py": MIGRATION.format(newest="9001_remark", operation=taking, mark=""),
    })  # fmt: skip
    yard.commit("contracts", files={
        "jobs/migrations/9002_no_remark.py":
            MIGRATION.format(newest="9001_remark", operation=taking, mark="contracts = True"),
    })  # fmt: skip
    share(opt / "environments", yard.source / "requirements.txt", what=ROOT / ".venv")
    share(opt / "libraries", yard.source / "package-lock.json", what=ROOT / "node_modules")
    settings = {"INSTALL_COMMAND": "true", "TEST_COMMAND": "true", "WORKERS": "'local post watch'",
                "DRAIN_SECONDS": "2", "RELEASE_WEBHOOK_URL": address, "MIN_RELEASE_MB": "100",
                "PATIENCE": "150"}  # fmt: skip
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    (yard.host.root / "etc/image2model/release.env").write_text(text)


def share(folder: Path, file: Path, *, what: Path) -> None:
    """What releases with the same list of packages have in common; here, that of the tests."""
    folder.mkdir()
    (folder / hashlib.sha256(file.read_bytes()).hexdigest()[:16]).symlink_to(what)


def test_it_works(yard: Yard):
    """The first release is in slot blue, and its commit and version are told."""
    assert (yard.active, yard.version()) == ("blue", OLD)
    entry = yard.audit[0]
    assert (entry["outcome"], entry["commit"], entry["tests"], entry["by"]) == (
        "completed", yard.commits["old"], "skipped", "tests",
    )  # fmt: skip
    assert yard.told == [f"Image2Model: release of {yard.commits['old'][:12]} completed"]


def test_nobody_notices_a_release(yard: Yard):
    """Twenty requests each second, all the while; old and new code on one schema; then the old code again."""
    assert_active(yard, "old")
    with Visitors(yard.host) as visitors:
        done = yard.release("new")
        assert done.returncode == 0, done.stdout + done.stderr
        visitors.wait_for_stream(connections=2)
    report(visitors)
    assert visitors.failures[:3] == [], explain(yard)
    assert set(visitors.versions) == {OLD, NEW}
    assert visitors.longest_gap < 10
    with yard.host.client() as client:
        assert {wait_for_job(client, job)["status"] for job in visitors.jobs} == {"completed"}
    assert (yard.active, yard.version()) == ("green", NEW)
    assert yard.audit[-1]["tests"] == "passed"


def report(visitors: Visitors) -> None:
    sys.stdout.write(
          f"\n{visitors.answers.total()} requests in {visitors.seconds:.0f} s, {len(visitors.failures)} failed, "
          f"slowest {visitors.slowest:.1f} s; {visitors.connections} connections of the stream, "
          f"longest gap {visitors.longest_gap:.1f} s; answers by version: {dict(visitors.versions)}\n")  # fmt: skip


def explain(yard: Yard) -> str:
    """What the web processes said of what they could not do."""
    lines = [line for slot in ("blue", "green") for line in yard.host.log(f"web@{slot}").splitlines()]
    return "\n".join([line[:600] for line in lines if "unavailable" in line or "Traceback" in line][-5:])


def assert_active(yard: Yard, name: str) -> None:
    assert is_active(yard, name)


def is_active(yard: Yard, name: str) -> bool:
    slot = yard.host.root / "opt/image2model/slots" / yard.active
    return slot.resolve().name == yard.commits[name]


def bring(yard: Yard, name: str) -> None:
    """Each test can run alone, or in another process than those before it."""
    if not is_active(yard, name):
        done = yard.release(name, "--skip-tests")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("cannot start", "prepare@blue", marks=pytest.mark.slow),
        pytest.param("broken page", "the first page of blue does not answer", marks=pytest.mark.slow),
        pytest.param("takes away", "prepare@blue", marks=pytest.mark.slow),
    ],
)
def test_a_broken_release_goes_back_by_itself(yard: Yard, name: str, reason: str):
    bring(yard, "new")
    done = yard.release(name, "--skip-tests")
    assert done.returncode == 1, done.stdout
    assert reason in done.stdout + done.stderr + yard.audit[-1]["reason"]
    assert (yard.audit[-1]["outcome"], yard.audit[-1]["commit"]) == ("rolled_back", yard.commits[name])
    assert "rolled_back" in yard.told[-1]
    assert (yard.active, yard.version()) == ("green", NEW)


@pytest.mark.slow
def test_failing_tests_stop_a_release_before_anything_changes(yard: Yard):
    bring(yard, "new")
    settings = yard.host.root / "etc/image2model/release.env"
    before = settings.read_text()
    settings.write_text(before.replace("TEST_COMMAND=true", "TEST_COMMAND=false"))
    try:
        done = yard.release("old")
    finally:
        settings.write_text(before)
    assert done.returncode == 1
    assert (yard.audit[-1]["outcome"], yard.audit[-1]["tests"]) == ("failed", "failed")
    assert_active(yard, "new")


def test_a_commit_that_does_not_exist_is_refused(yard: Yard):
    done = yard.run("no-such-commit")
    assert done.returncode == 1
    assert "there is no such commit" in done.stderr


def test_two_releases_at_once_are_refused(yard: Yard):
    import fcntl

    with (yard.host.root / "opt/image2model/.release.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = yard.release("old")
    assert (done.returncode, "Another release" in done.stderr) == (1, True)


@pytest.mark.slow
def test_nobody_notices_a_minute_of_canary_switch_and_way_back(yard: Yard):
    """After it, old code runs on the new schema."""
    bring(yard, "new")
    with Visitors(yard.host) as visitors:
        done = yard.release("old", "--skip-tests", "--canary", "20", "--canary-seconds", "30")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "answers of blue, 0 of them errors" in done.stdout
        assert yard.version() == OLD
        done = yard.run("--rollback")
        assert done.returncode == 0, done.stdout + done.stderr
        visitors.wait_for_stream(connections=3)
    report(visitors)
    assert yard.version() == NEW
    assert (yard.audit[-1]["verb"], yard.audit[-1]["outcome"]) == ("rollback", "completed")
    assert visitors.seconds >= 60
    assert visitors.failures[:3] == []
    assert visitors.longest_gap < 10


@pytest.mark.slow
def test_what_was_contracted_has_no_way_back(yard: Yard):
    """The last of these."""
    bring(yard, "new")
    done = yard.release("contracts", "--skip-tests")
    assert done.returncode == 0, done.stdout + done.stderr
    done = yard.run("--rollback")
    assert done.returncode == 1
    assert "the schema was contracted since: jobs.9002_no_remark" in done.stderr
