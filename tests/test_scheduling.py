"""Does each worker of a test run get whole files, and in the right order?"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.scheduling import FileScheduling, Kind, find_unit, judge_unit

TEXTS = {
    "several.py": "def test_it_works(): ...",
    "few.py": "def test_it_works(): ...",
    "product.py": "pytestmark = pytest.mark.stack",
    "browser.py": "pytestmark = [pytest.mark.browser, pytest.mark.stack]",
}


class Worker:
    """It notes what it is told to run."""

    shutting_down = False

    def __init__(self) -> None:
        self.told: list[int] = []

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.told += numbers


@pytest.fixture
def scheduling(tmp_path: Path) -> FileScheduling:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text)
    scheduling = FileScheduling.__new__(FileScheduling)
    scheduling.config = SimpleNamespace(rootpath=tmp_path)
    scheduling.workqueue = OrderedDict((name, {f"{name}::{n}": False for n in range(len(name))}) for name in TEXTS)
    tests = [test for unit in scheduling.workqueue.values() for test in unit]
    workers = [Worker(), Worker()]
    scheduling.assigned_work = {worker: {} for worker in workers}
    scheduling.registered_collections = dict.fromkeys(workers, tests)
    return scheduling


def hand_out(scheduling: FileScheduling, worker: Worker) -> list[str]:
    while scheduling.workqueue:
        scheduling._assign_work_unit(worker)
    return list(scheduling.assigned_work[worker])


def test_it_works(scheduling: FileScheduling) -> None:
    """Who comes first takes what starts processes; browsers are the last for everybody."""
    assert hand_out(scheduling, scheduling.nodes[0]) == ["product.py", "several.py", "few.py", "browser.py"]


def test_the_others_compute_first(scheduling: FileScheduling) -> None:
    assert hand_out(scheduling, scheduling.nodes[1]) == ["several.py", "few.py", "product.py", "browser.py"]


def test_a_file_is_sent_whole(scheduling: FileScheduling) -> None:
    worker = scheduling.nodes[0]
    scheduling._assign_work_unit(worker)

    tests = [scheduling.registered_collections[worker][number] for number in worker.told]
    assert tests == [f"product.py::{number}" for number in range(len("product.py"))]


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("tests/stack/test_fal.py::test_it_works[a::b]", "tests/stack"),
        ("tests/site/test_walk.py::test_it_works[a::b]", "tests/site/test_walk.py"),
        ("tests/stack_of_plates.py::test_it_works", "tests/stack_of_plates.py"),
    ],
)
def test_what_shares_a_product_stays_together(test: str, unit: str) -> None:
    assert find_unit(test) == unit


def test_a_folder_is_of_the_kind_of_its_last_file(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(TEXTS["product.py"])
    assert judge_unit(tmp_path) == Kind.STACK
    other = tmp_path / "with a browser"
    other.mkdir()
    (other / "test_b.py").write_text(TEXTS["browser.py"])
    assert judge_unit(other) == Kind.BROWSER
