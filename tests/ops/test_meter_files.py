"""Counts of many processes"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from image2model.ops import meter_files
from image2model.ops.meter_files import MeterFiles

COUNTER = """
import os, sys
from pathlib import Path
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
from prometheus_client import values
from image2model.ops.meter_files import MeterFiles
values.ValueClass = values.MultiProcessValue(MeterFiles(Path(sys.argv[1])).name_process)
from prometheus_client import Counter, Gauge, Histogram
counter = Counter("things_total", "x", ["kind"], registry=None)
seconds = Histogram("thing_seconds", "x", ["kind"], registry=None, buckets=(1.0, 5.0))
gauge = Gauge("open_things", "x", ["kind"], registry=None, multiprocess_mode="livesum")
def count(number):
    counter.labels("a").inc(number)
    seconds.labels("a").observe(number)
    gauge.labels("a").inc(number)
count(int(sys.argv[2]))
"""


class Process:
    """Counts, says so, and lives until it is told to end."""

    def __init__(self, folder: Path, number: int, *, more: str = "") -> None:
        program = COUNTER + more + "\nprint('counted', flush=True)\nsys.stdin.read()\n"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder), str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout.readline() == b"counted\n"

    def end(self, *, by: int = 0) -> None:
        if by:
            self.process.send_signal(by)
        self.process.communicate()


def read(folder: Path) -> dict[tuple[str, str], float]:
    metrics = MeterFiles(folder).read()
    return {(s.name, s.labels.get("le", "")): s.value for metric in metrics for s in metric.samples}


def test_it_works(tmp_path: Path) -> None:
    first, second = Process(tmp_path, 3), Process(tmp_path, 4)

    found = read(tmp_path)
    first.end()
    second.end()

    assert found["things_total", ""] == 7
    assert found["thing_seconds_count", ""] == 2
    assert found["thing_seconds_bucket", "5.0"] == 2
    assert found["thing_seconds_sum", ""] == 7
    assert found["open_things", ""] == 7


@pytest.mark.parametrize("by", [0, signal.SIGKILL])
def test_the_dead_are_counted_and_leave_no_files(tmp_path: Path, by: int) -> None:
    for number in (3, 4):
        Process(tmp_path, number).end(by=by)

    for _ in range(2):  # reading twice counts nothing twice
        found = read(tmp_path)
        assert found["things_total", ""] == 7
        assert found["thing_seconds_count", ""] == 2
        assert ("open_things", "") not in found
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "counter_folded.db", "histogram_folded.db"}


def test_a_forked_child_counts_for_itself(tmp_path: Path) -> None:
    fork = "if (pid := os.fork()) == 0:\n    count(5)\n    os._exit(0)\nos.waitpid(pid, 0)\ncount(1)"
    parent = Process(tmp_path, 2, more=fork)

    found = read(tmp_path)
    parent.end()

    assert found["things_total", ""] == 8
    assert found["open_things", ""] == 3
    assert len(list(tmp_path.glob("*.alive"))) == 1


def test_a_full_disk_costs_the_counts_alone(tmp_path: Path, monkeypatch) -> None:
    def fail(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fail)
    files = MeterFiles(tmp_path)
    with pytest.raises(OSError, match="No space"):
        files.name_process()
    monkeypatch.undo()

    assert files.name_process()
    files.fold_dead()
    assert len(list(tmp_path.glob("*.alive"))) == 1


def test_files_are_reserved_on_the_disk(tmp_path: Path) -> None:
    name = MeterFiles(tmp_path).name_process()

    for kind, size in meter_files.RESERVED.items():
        facts = (tmp_path / f"{kind}_{name}.db").stat()
        assert facts.st_blocks * 512 >= size


def test_a_broken_file_is_passed_over(tmp_path: Path) -> None:
    Process(tmp_path, 3).end()
    (tmp_path / "counter_broken.db").write_bytes(b"\xff\xff\x00\x00" + b"\x07" * 100)

    assert read(tmp_path)["things_total", ""] == 3
