"""How is one child process started, given work and ended?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobs.confined.limits import Limits
from jobs.confined.wire import BrokenMessageError, Message, receive_message, send_message

PROGRAM = Path(__file__).with_name("program.py")
# All that a child knows of the world. One thread for numbers: two children at once are the parallelism.
ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
LAST_SECONDS = 10  # for a child whose socket is closed to be gone


class ChildError(Exception):
    """The work was not done; ``reason`` is one of ``memory``, ``time``, ``crash``, ``fault``, ``killed``, ``left``.

    ``killed``: by somebody else (the system, an operator). ``left``: it had gone before the work came.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a child is for: the module of its tasks, its limits, when it leaves by itself."""

    tasks: str
    limits: Limits
    wall_seconds: float
    idle_seconds: float


class Child:
    """A running child; one task at a time."""

    def __init__(self, kind: Kind) -> None:
        self.uses = 0
        self._connection, theirs = socket.socketpair()
        settings = json.dumps({"limits": asdict(kind.limits), "idle_seconds": kind.idle_seconds})
        command = [sys.executable, "-I", str(PROGRAM), str(theirs.fileno()), kind.tasks, settings]
        try:
            self._process = subprocess.Popen(
                command, cwd="/", env=ENVIRONMENT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except BaseException:
            self._connection.close()
            raise
        finally:
            theirs.close()
        # It may leave while nobody looks, and must not stay behind as a zombie.
        threading.Thread(target=self._process.wait, name="child", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.returncode is None

    def run(self, task: str, arguments: Mapping[str, Any], *, files: Sequence[int], seconds: float) -> Message:
        """The answer, or ``ChildError``; after one, this child is of no more use."""
        self.uses += 1
        self._connection.settimeout(seconds)
        try:
            send_message(self._connection, {"task": task, "arguments": arguments}, files=files)
            answer = receive_message(self._connection)
        except TimeoutError:
            self._process.kill()
            raise ChildError("time", f"{seconds:.0f} s") from None
        except BrokenMessageError as error:
            self._process.kill()
            raise ChildError("crash", str(error)) from error
        except (ConnectionError, OSError):
            raise self._explain_end() from None
        if answer is None:
            raise self._explain_end()
        if "limit" in answer.content or "fault" in answer.content:
            raise ChildError(answer.content.get("limit") or "fault", str(answer.content.get("fault", "")))
        return answer

    def _explain_end(self) -> ChildError:
        try:
            code = self._process.wait(timeout=LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return ChildError("crash", "it stopped listening")
        if code == 0:
            return ChildError("left")
        reasons = {-signal.SIGXCPU: "time", -signal.SIGKILL: "killed", -signal.SIGTERM: "killed"}
        return ChildError(reasons.get(code, "crash"), f"exit code {code}")

    def stop(self) -> None:
        """It holds nothing that could be lost."""
        self._connection.close()
        self._process.kill()

    def forget(self) -> None:
        """After a fork: the child is another process's; only our copy of the socket goes."""
        os.close(self._connection.detach())
