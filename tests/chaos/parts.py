"""What is a stack made of? Processes that may be killed, frozen and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image2model.supervisor.processes import die_with_this_process
from tests.running import ROOT, find_descendants


@dataclass(kw_only=True)
class Part:
    """One process of the stack. ``is_wanted``: it is started again when it has ended."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    identity: Mapping[str, Any] = field(default_factory=dict)
    is_wanted: bool = True
    starts: int = 0
    frozen_since: dict[int, float] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, *, pipe: int) -> None:
        self.starts += 1
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.command), env=dict(self.environment), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True, pass_fds=(pipe,),
                preexec_fn=die_with_this_process(signal.SIGKILL), **self.identity,
            )  # fmt: skip

    def thaw(self, *, after: float) -> bool:
        """Let a frozen process run on when it has been so for so long; was there one?"""
        pids = [*self.list_horses(), *([self.process.pid] if self.process and self.is_alive else [])]
        now, frozen = time.monotonic(), [pid for pid in pids if is_frozen(pid)]
        self.frozen_since = {pid: self.frozen_since.get(pid, now) for pid in frozen}
        due = [pid for pid, since in self.frozen_since.items() if now - since > after]
        for pid in due:
            os.kill(pid, signal.SIGCONT)
        return bool(due)

    def list_horses(self) -> list[int]:
        """A forked work horse runs in a group of its own."""
        return find_descendants(self.process.pid) if self.process is not None and self.is_alive else []

    def send(self, number: signal.Signals, *, whom: str = "all") -> int:
        """``whom``: ``all``, ``parent`` or ``horse``; how many heard it."""
        horses = self.list_horses() if whom != "parent" else []
        victims = [*horses, *([self.process.pid] if self.process and self.is_alive and whom != "horse" else [])]
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if number == signal.SIGKILL and whom != "horse" and self.process is not None:
            self.process.wait(30)
        return len(victims)


def is_frozen(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return False


def answers(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def run_witness(environment: Mapping[str, str], logs: Path) -> Iterator[subprocess.Popen[str]]:
    with (logs / "witness.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.witness"], cwd=ROOT, env=dict(environment), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        yield process
    finally:
        assert process.stdin
        assert process.stdout
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.wait(30)
