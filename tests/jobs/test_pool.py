"""Do forked workers live and die as their parent is told? Each test runs a pool of its own as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running import find_descendants

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import logging, os, signal, sys, time
from pathlib import Path
from jobs import pool

logging.basicConfig()
folder = Path(sys.argv[1])
pool.LOOK_SECONDS, pool.FIRST_PAUSE = 0.05, 0.05

def work():
    if (folder / "cannot").exists():
        raise ValueError("it cannot work")
    def leave(number, frame):
        (folder / f"left-{os.getpid()}").touch()
        os._exit(0)
    signal.signal(signal.SIGTERM, leave)
    while True:
        signal.pause()

def watch():
    (folder / f"watching-{os.getpid()}").touch()
    work()

crews = [pool.Crew(work, count_wanted=lambda: int((folder / "wanted").read_text()))]
if (folder / "watched").exists():
    crews.append(pool.Crew(watch, count_wanted=lambda: 1))
pool.run_pool(crews)
print("the end", flush=True)
"""


class RunningPool:
    def __init__(self, folder: Path, wanted: int) -> None:
        self.folder = folder
        self.want(wanted)
        command = [sys.executable, "-c", SCRIPT, str(folder)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def want(self, count: int) -> None:
        written = self.folder / "new"
        written.write_text(str(count))
        written.rename(self.folder / "wanted")

    def workers(self) -> list[int]:
        return find_descendants(self.process.pid)

    def wait_for_workers(self, count: int) -> list[int]:
        wait_until(lambda: len(self.workers()) == count)
        return self.workers()

    def end(self) -> tuple[int, str]:
        words, _ = self.process.communicate(timeout=30)
        return self.process.returncode, words


def wait_until(is_so: Callable[[], object], *, seconds: float = 60) -> None:
    latest = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < latest, "it does not happen"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[int], RunningPool]]:
    started: list[RunningPool] = []

    def start_one(wanted: int) -> RunningPool:
        started.append(RunningPool(tmp_path, wanted))
        return started[0]

    yield start_one
    for pool in started:
        pool.process.kill()
        pool.process.communicate()


def test_it_works(start):
    pool = start(3)
    pool.wait_for_workers(3)
    pool.process.terminate()
    code, words = pool.end()
    assert (code, words) == (0, "the end\n")


def test_each_is_asked_once_and_waited_for(start, tmp_path):
    pool = start(2)
    workers = pool.wait_for_workers(2)
    wait_until(lambda: all("0000000000004000" in read_caught(pid) for pid in workers))
    pool.process.send_signal(signal.SIGINT)
    assert pool.end()[0] == 0
    assert sorted(path.name for path in tmp_path.glob("left-*")) == sorted(f"left-{pid}" for pid in workers)


def read_caught(pid: int) -> str:
    """The mask of signals with handlers; SIGTERM is its 15th bit."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    mask = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return f"{mask & 0x4000:016x}"


def test_one_that_dies_is_replaced(start):
    pool = start(2)
    first, second = pool.wait_for_workers(2)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(pool.workers()) == 2 and first not in pool.workers())
    assert second in pool.workers()
    pool.process.terminate()
    assert "ended with -9; another one starts" in pool.end()[1]


def test_as_many_as_wanted(start):
    pool = start(1)
    (oldest,) = pool.wait_for_workers(1)
    pool.want(3)
    pool.wait_for_workers(3)
    pool.want(1)
    assert pool.wait_for_workers(1) == [oldest]


def test_none_stays_behind_when_the_parent_is_killed(start):
    pool = start(2)
    workers = pool.wait_for_workers(2)
    pool.process.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in workers))


def test_workers_that_cannot_work_are_started_ever_more_slowly(start, tmp_path):
    (tmp_path / "cannot").touch()
    pool = start(1)
    assert pool.process.stdout is not None
    words = ""
    while "another one starts in 0.4 s" not in words:
        line = pool.process.stdout.readline()
        assert line, words
        words += line
    assert "it cannot work" in words
    (tmp_path / "cannot").unlink()
    pool.wait_for_workers(1)


def test_crews_share_a_parent_and_nothing_else(start, tmp_path):
    """One that dies is replaced in its own crew; more in one are no more in the other."""
    (tmp_path / "watched").touch()
    pool = start(1)
    pool.wait_for_workers(2)
    pool.want(3)
    pool.wait_for_workers(4)
    [first] = list_watching(tmp_path)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(list_watching(tmp_path)) == 2)
    assert len(pool.wait_for_workers(4)) == 4
    pool.process.terminate()
    assert pool.end()[0] == 0


def list_watching(folder: Path) -> list[int]:
    return sorted(int(path.name.partition("-")[2]) for path in folder.glob("watching-*"))
