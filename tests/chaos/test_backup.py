"""Does a backup that was taken under load come back whole, and is nothing paid for twice afterwards? (P25)"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.checker import collect, find_broken_promises, judge
from tests.chaos.conftest import Scene
from tests.chaos.stack import SECRET_KEY
from tests.running import ROOT, build_environment
from tests.servers import _find_postgres

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(400)]
ENGINE = "tripo-v2.5"
MOST_JOBS = 16
RESTORED = ("provider_outcome_unknown",)


@contextmanager
def keep_busy(scene: Scene) -> Iterator[list[str]]:
    """Uploads without a pause while the block runs; the jobs."""
    alice, over, jobs = scene.caller(), threading.Event(), []

    def work() -> None:
        while not over.wait(0.5) and len(jobs) < MOST_JOBS:  # the work must come to an end, too
            for engine in (ENGINE, "local"):
                jobs.append(alice.send(scene.fresh(2), engine=engine).body["job_id"])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield jobs
    finally:
        over.set()
        thread.join()


def take_backup(scene: Scene, folder: Path) -> None:
    path = f"{_find_postgres(folder, owner=None)}:{os.environ['PATH']}"
    done = scene.stack.manage("backup", str(folder / "backup"), PATH=path)
    assert done.returncode == 0, done.stderr
    again = scene.stack.manage("backup", str(folder / "backup"), PATH=path)
    assert again.returncode == 1, "a backup must not be written into another"


def run_two(scene: Scene, folder: Path) -> int:
    """A backup in the middle of work of all kinds, and then the end of that work; how many POSTs FAL accepted."""
    alice = scene.caller()
    scene.stack.wait_until(lambda: ENGINE in str(alice.call("GET", "/api/v1/models/available").body), what="FAL")
    scene.stack.fal.script({"run_seconds": 3.0})
    with keep_busy(scene) as jobs:
        scene.stack.wait_until(lambda: len(jobs) >= 6 and alice.is_over(jobs[1]), what="a first model")
        take_backup(scene, folder)
    judge(scene.stack, scene.history)
    scene.stack.stop_part("watch")
    scene.stack.stop_part("fal")
    return len(scene.stack.fal.submits())


@contextmanager
def restore(backup: Path, data_dir: Path) -> Iterator[None]:
    """As docs/backup.md says."""
    data_dir.mkdir(parents=True)
    shutil.copytree(backup / "files", data_dir / "files")
    shutil.copy(backup / "image2model.sqlite3", data_dir)
    environment = build_environment(data_dir, SECRET_KEY=SECRET_KEY, REDIS_URL="redis://127.0.0.1:1/0")
    for command in ("migrate", "settle_restored"):
        done = subprocess.run(
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env=environment,
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    yield


def test_a_backup_under_load_comes_back(open_scene: Callable[..., Scene], tmp_path: Path):
    first = open_scene(on_postgres=False)
    paid = run_two(first, tmp_path)
    second = open_scene(
        on_postgres=False,
        furnish=lambda data_dir: restore(tmp_path / "backup", data_dir),
        FAL_BASE_URL=f"http://127.0.0.1:{first.stack.proxies['work-fal'].port}",  # its results bear this address
    )
    second.stack.settle()
    evidence_rows = second.stack.ask("rows")
    assert len(first.stack.fal.submits()) == paid, "something was sent again"
    assert len(evidence_rows["jobs"]) >= 6
    states = {(row["status"], row["error_code"]) for row in evidence_rows["generations"]}
    assert ("completed", "") in states
    assert states <= {("completed", ""), ("failed", RESTORED[0])}, states
    evidence = collect(second.stack, second.history, forgiven_errors=RESTORED)
    before_its_time = "P8"  # these clients did not see how the jobs were made
    assert [line for line in find_broken_promises(evidence) if not line.startswith(before_its_time)] == []
    make_another(second)
    assert len(first.stack.fal.submits()) == paid + 1


def make_another(scene: Scene) -> None:
    """Everything works as before, for the user that was there before as well."""
    alice = scene.caller()
    job_id = alice.send(scene.fresh(), engine=ENGINE).body["job_id"]
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="a new model")
    assert (alice.look(job_id) or {})["status"] == "completed"


@pytest.mark.slow
def test_on_postgresql(open_scene: Callable[..., Scene], tmp_path: Path):
    """The dump that ``pg_dump`` makes is whole: it comes back into an empty database with as many rows."""
    scene = open_scene(on_postgres=True)
    run_two(scene, tmp_path)
    programs = _find_postgres(tmp_path, owner=None)
    with scene.stack.connect() as connection:
        connection.execute("CREATE DATABASE restored")
    url = f"{scene.stack._database_url('').rpartition('/')[0]}/restored"
    dump = str(tmp_path / "backup" / "database.dump")
    done = subprocess.run(
        [str(programs / "pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={url}", dump],
        text=True, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shutil.rmtree(scene.stack.data_dir / "files")
    shutil.copytree(tmp_path / "backup" / "files", scene.stack.data_dir / "files")
    settled = scene.stack.manage("settle_restored", DATABASE_URL=url)
    assert settled.returncode == 0, settled.stderr
    assert "Rows and files agree." in settled.stdout
