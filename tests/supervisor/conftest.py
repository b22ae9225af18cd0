"""What do the tests of the supervisor share? A supervisor in a process of its own that can be watched and killed."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from image2model.supervisor.processes import end_leftovers, leftovers
from image2model.supervisor.stack import ROOT

PATIENCE = 60.0


def wait_until(is_true: Callable[[], object], *, what: str = "the condition") -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.01)


class Supervised:
    """One running supervisor: its lines as they come, and the processes that carry its mark."""

    def __init__(self, data_dir: Path, *command: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.lines: list[str] = []
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._fresh.put(line.rstrip("\n"))
        self._fresh.put(None)

    def wait_for(self, part: str, *, patience: float = PATIENCE) -> str:
        """The next line, not seen before, with these words."""
        deadline = time.monotonic() + patience
        while (line := self._fresh.get(timeout=max(0.01, deadline - time.monotonic()))) is not None:
            self.lines.append(line)
            if part in line:
                return line
        raise AssertionError(f"no line with {part!r} in {self.lines}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait_for_end()

    def wait_for_end(self) -> int:
        code = self.process.wait(PATIENCE)
        while (line := self._fresh.get(timeout=PATIENCE)) is not None:
            self.lines.append(line)
        return code

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def alive(self) -> list[int]:
        return [process for process in leftovers(self.data_dir) if process != self.process.pid]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """Starts supervisors over fake children; whatever is left of them afterwards is ended."""
    started: list[Supervised] = []

    def start(*children: dict, **description: object) -> Supervised:
        whole = {"data_dir": str(tmp_path), "children": children, **description}
        started.append(Supervised(tmp_path, "tests.supervisor.fake_stack", json.dumps(whole)))
        return started[-1]

    yield start
    for supervised in started:
        supervised.kill()
    end_leftovers(tmp_path, grace=0)
