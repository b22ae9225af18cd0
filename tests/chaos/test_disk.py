"""The disk is full, read-only, out of names or loses bytes: is it said, does the rest go on, does it heal? (P5, P18)"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.checker import judge
from tests.chaos.client import Caller, Said
from tests.chaos.conftest import Scene

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(300)]
ENGINE = "tripo-v2.5"
MEGABYTE = 1024 * 1024


@contextmanager
def mount_small_disk(folder: Path, *, megabytes: int = 8) -> Iterator[bool]:
    """A disk of a few MB at a folder; only root may have one. Others meet the failure points alone."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m,nr_inodes=400"
    if os.getuid() != 0 or not _mount("-t", "tmpfs", "-o", size, "tmpfs", str(folder)):
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*options: str) -> bool:
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def shared_scene(open_scene: Callable[..., Scene]) -> Scene:
    scene = open_scene(furnish=lambda data_dir: mount_small_disk(data_dir / "files"))
    alice = scene.caller()
    scene.stack.wait_until(lambda: ENGINE in str(alice.call("GET", "/api/v1/models/available").body), what="FAL")
    return scene


def _takes_all(descriptor: int, *, leave: int) -> bool:
    """Does a file get all free bytes of its volume but these?"""
    free = os.fstatvfs(descriptor).f_bavail * os.fstatvfs(descriptor).f_frsize
    try:
        os.posix_fallocate(descriptor, 0, max(1, free - leave))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
    return True


@contextmanager
def fill(folder: Path, *, leave: int = 0) -> Iterator[None]:
    """No byte is left but these, until the block ends."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        while not _takes_all(file.fileno(), leave=leave):
            pass  # others wrote meanwhile
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def use_up_names(folder: Path) -> Iterator[None]:
    """No file can be made, until the block ends."""
    names = folder / "names"
    names.mkdir()
    try:
        with pytest.raises(OSError, match="No space"):
            for number in range(10_000):
                (names / str(number)).touch()
        yield
    finally:
        for path in names.iterdir():
            path.unlink()
        names.rmdir()


@contextmanager
def forbid_writing(folder: Path) -> Iterator[None]:
    assert _mount("-o", "remount,ro", str(folder))
    try:
        yield
    finally:
        assert _mount("-o", "remount,rw", str(folder))


TROUBLES = {"full": fill, "out of names": use_up_names, "read-only": forbid_writing}


def list_incoming(scene: Scene) -> list[Path]:
    return list((scene.stack.data_dir / "incoming").iterdir())


def assert_refused(said: Said) -> None:
    assert (said.status, said.error_code) == (503, "storage_full"), said
    assert int(said.retry_after) > 0


def make_model(scene: Scene, alice: Caller) -> str:
    job_id = alice.send(scene.fresh(), engine="local").body["job_id"]
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="a model")
    return str(job_id)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_nothing_can_be_stored(scene: Scene, trouble: str):
    """Refused with the reason and without a trace; what is there stays readable and can be deleted; no restart."""
    alice, files = scene.caller(), scene.stack.data_dir / "files"
    if not os.path.ismount(files):
        scene.stack.arm("store.before_write", "enospc")
        assert_refused(alice.send(scene.fresh(), engine="local", once=True))
        return
    kept, doomed = make_model(scene, alice), make_model(scene, alice)
    jobs = len(scene.stack.ask("rows")["jobs"])
    scene.stack.note(f"the disk is {trouble}")
    with TROUBLES[trouble](files):
        assert_refused(alice.send(scene.fresh(3), engine="local", once=True))
        said = alice.download_some(scene.stack.dice, alice.look(kept) or {})
        assert said is not None
        assert said.status == 200
        if trouble != "read-only":
            assert alice.call("DELETE", f"/api/v1/jobs/{doomed}").status == 204
        assert list_incoming(scene) == []
        assert len(scene.stack.ask("rows")["jobs"]) <= jobs
    make_model(scene, alice)
    judge(scene.stack, scene.history)


def test_a_result_waits_at_fal_until_there_is_room(scene: Scene):
    """It is paid for: nothing is asked for again."""
    alice, files = scene.caller(), scene.stack.data_dir / "files"
    before = len(scene.stack.fal.submits())
    if not os.path.ismount(files):
        scene.stack.arm("collect.after_download", "enospc")
        make_fal_model(scene, alice)
        return
    scene.stack.fal.script({"run_seconds": 2.0}, count=1)
    job_id = alice.send(scene.fresh(), engine=ENGINE).body["job_id"]
    scene.stack.wait_until(lambda: len(scene.stack.fal.submits()) > before, what="the submit")
    with fill(files):
        scene.stack.wait_until(lambda: waits_for_room(alice, job_id), what="the result to wait for room")
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="the job")
    judge(scene.stack, scene.history)
    assert len(scene.stack.fal.submits()) == before + 1


def make_fal_model(scene: Scene, alice: Caller) -> None:
    job_id = alice.send(scene.fresh(), engine=ENGINE).body["job_id"]
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="a model of FAL's")
    judge(scene.stack, scene.history)


def waits_for_room(alice: Caller, job_id: str) -> bool:
    job = alice.look(job_id)
    return bool(job) and job["waiting_reason"] == "storage_full"  # type: ignore[index]


def test_a_local_model_waits_for_room(scene: Scene):
    alice = scene.caller()
    job_id = alice.send(scene.fresh(), engine="local").body["job_id"]
    scene.stack.arm("worker.before_complete", "enospc")
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="the job")
    judge(scene.stack, scene.history)


def test_the_log_cannot_be_written(scene: Scene):
    """The service goes on, and tells on stderr."""
    alice = scene.caller()
    logs = scene.stack.data_dir / "logs"
    for path in logs.iterdir():
        path.unlink()
    with mount_small_disk(logs) as is_mounted:
        if is_mounted:
            with fill(logs):
                make_model(scene, alice)
    make_model(scene, alice)
    judge(scene.stack, scene.history)


def list_partial(scene: Scene) -> list[Path]:
    return list((scene.stack.data_dir / "files").rglob("*.part"))


def test_a_disk_that_cannot_be_synced(scene: Scene):
    """It took the bytes and then does not know whether it has them: nothing counts as stored."""
    alice = scene.caller()
    before = len(scene.stack.ask("rows")["jobs"])
    scene.stack.arm("store.sync", "eio")
    assert_refused(alice.send(scene.fresh(), engine="local", once=True))
    assert scene.stack.has_struck("store.sync")
    assert len(scene.stack.ask("rows")["jobs"]) == before
    assert list_partial(scene) + list_incoming(scene) == []
    make_model(scene, alice)
    judge(scene.stack, scene.history)


def test_a_result_that_cannot_be_synced_is_fetched_again(scene: Scene):
    """Downloaded whole, not safely on the disk: it is not recorded, and FAL is asked for nothing but the file."""
    alice, before = scene.caller(), len(scene.stack.fal.submits())
    scene.stack.fal.script({"run_seconds": 1.0}, count=1)
    job_id = alice.send(scene.fresh(), engine=ENGINE).body["job_id"]
    scene.stack.arm("store.sync", "eio")
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="the job")
    assert scene.stack.has_struck("store.sync")
    assert len(scene.stack.fal.submits()) == before + 1
    assert list_partial(scene) == []
    judge(scene.stack, scene.history)


def test_lost_and_changed_files_are_told(scene: Scene):
    """To who asks for them, and by ``sweep --check``."""
    alice = scene.caller()
    jobs = [make_model(scene, alice) for _ in range(2)]
    rows = scene.stack.ask("rows")
    generations = {str(row["job_id"]): str(row["id"]) for row in rows["generations"]}
    paths = [
        next(a["path"] for a in rows["artifacts"] if str(a["generation_id"]) == generations[job] and "glb" in a["path"])
        for job in jobs
    ]
    lost, changed = (scene.stack.data_dir / "files" / path for path in paths)
    before = {path: path.read_bytes() for path in (lost, changed)}
    lost.unlink()
    changed.write_bytes(before[changed][:-1] + bytes([before[changed][-1] ^ 1]))
    checked = scene.stack.manage("sweep", "--check", "--grace", "0")
    job = alice.look(jobs[0]) or {}
    model = next(each for each in job["generations"][0]["files"] if each["format"] == "glb")
    answer = alice.call("GET", "/" + model["url"].split("/", 3)[3])
    for path, data in before.items():
        path.write_bytes(data)
    assert (checked.returncode, f"missing file {paths[0]}" in checked.stderr) == (1, True), checked.stderr
    assert f"changed file {paths[1]}" in checked.stderr
    assert (answer.status, answer.error_code) == (503, "file_unavailable"), answer
    judge(scene.stack, scene.history)
