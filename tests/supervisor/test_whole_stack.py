"""Does the real product start, answer, stop, and start again after the worst, with one command?"""

from __future__ import annotations

import re
import signal
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from image2model.supervisor.processes import end_leftovers, leftovers, send
from tests.supervisor.conftest import Supervised, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
FIRST_START = 120.0  # seconds; static files are collected and the first model is made
LATER_START = 60.0


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One for all tests of this file: the first start is the slow one."""
    folder = tmp_path_factory.mktemp("data")
    yield folder
    end_leftovers(folder, grace=0)


@pytest.fixture
def start(data_dir: Path) -> Iterator:
    started: list[Supervised] = []

    def run(*, patience: float = LATER_START) -> tuple[Supervised, str]:
        command = ("image2model.supervisor", "--port", "0", "--workers", "1")
        supervised = Supervised(data_dir, *command, DATA_DIR=str(data_dir), REDIS_URL="", SECRET_KEY="")
        started.append(supervised)
        return supervised, supervised.wait_for("Image2Model is ready: ", patience=patience)

    yield run
    for supervised in started:
        supervised.kill()


def fetch_status(line: str, address: str) -> int:
    url = re.findall(r"http://\S+", line)[0]
    with urllib.request.urlopen(url + address, timeout=60) as answer:
        return int(answer.status)


def count_jobs(data_dir: Path, status: str = "completed") -> int:
    with closing(sqlite3.connect(data_dir / "image2model.sqlite3")) as database:
        (count,) = database.execute("SELECT count(*) FROM jobs_job WHERE status = ?", (status,)).fetchone()
        return int(count)


def test_it_works(start, data_dir):
    supervised, line = start(patience=FIRST_START)
    assert re.search(r" — log in as \S+@\S+ with password \S{12,}$", line)
    assert fetch_status(line, "/health") == 200
    assert fetch_status(line, "/") == 200
    assert count_jobs(data_dir) == 1
    assert supervised.stop(signal.SIGINT) == 0
    assert not leftovers(data_dir)


def test_a_second_start_makes_nothing_anew(start, data_dir):
    supervised, line = start()
    assert "log in as" not in line
    assert count_jobs(data_dir) == 1
    assert supervised.stop() == 0


def test_it_starts_again_after_everything_was_killed(start, data_dir):
    supervised, _ = start()
    send(signal.SIGKILL, [supervised.process.pid, *supervised.alive()])
    supervised.wait_for_end()
    wait_until(lambda: not leftovers(data_dir), what="the end of everything")
    following, line = start()
    assert fetch_status(line, "/health") == 200
    assert count_jobs(data_dir) == 1
    assert following.stop() == 0
    assert not leftovers(data_dir)


def test_every_killed_process_comes_back(start, data_dir):
    supervised, line = start()
    for process in supervised.alive():
        send(signal.SIGKILL, [process])
    died = sorted(supervised.wait_for("it starts again").split()[0] for _ in range(5))
    assert died == ["local", "post", "valkey", "watch", "web"]
    wait_until(lambda: answers(line), what="the web process")
    assert supervised.stop() == 0


def answers(line: str) -> bool:
    try:
        return fetch_status(line, "/health") == 200
    except OSError:
        return False
