"""What must be known of the operating system to start a process, see it die and leave none behind?"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

DATA_DIR_MARK = "SUPERVISED_DATA_DIR"
_ON_LINUX = sys.platform == "linux"
_LIBC = ctypes.CDLL(None) if _ON_LINUX else None
_PR_SET_PDEATHSIG = 1


def launch(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    output: int,
    descriptors: Sequence[int],
    death_signal: signal.Signals,
) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own (Ctrl-C must not reach it twice) that dies with this one."""
    return subprocess.Popen(
        argv,
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=descriptors,
        start_new_session=True,
        preexec_fn=die_with_this_process(death_signal),
    )


def die_with_this_process(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program, so that the kernel ends it when we are gone; only Linux can."""
    if _LIBC is None:
        return None
    control, parent = _LIBC.prctl, os.getpid()

    def ask_kernel() -> None:
        control(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return ask_kernel


async def wait_until_dead(process: subprocess.Popen[bytes]) -> None:
    """Where the system can tell, the dead process is not collected yet: its number still names its session."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        while process.poll() is None:
            await asyncio.sleep(0.1)
        return
    loop = asyncio.get_running_loop()
    died = asyncio.Event()
    loop.add_reader(descriptor, died.set)
    try:
        await died.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def kill_session(session: int) -> None:
    """Ends whatever is left of a session, also what changed its process group (work horses do)."""
    if not _ON_LINUX:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(session, signal.SIGKILL)
        return
    deadline = time.monotonic() + 1
    while (members := list(session_members(session))) and time.monotonic() < deadline:
        send(signal.SIGKILL, members)
        time.sleep(0.002)


def session_members(session: int) -> Iterator[int]:
    """The living processes of a session; only Linux can tell."""
    for process in _all_processes():
        state, found = _read_state(process)
        if found == session and state not in "ZX":
            yield process


def send(number: signal.Signals, processes: Sequence[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def end_leftovers(data_dir: Path, *, grace: float = 3.0) -> int:
    """Ends what an earlier supervisor of this data directory could not end itself; says how many there were.

    The caller holds the lock of the data directory, so nothing that carries its mark may be alive.
    """
    found = leftovers(data_dir)
    send(signal.SIGTERM, found)
    deadline = time.monotonic() + grace
    while leftovers(data_dir) and time.monotonic() < deadline:
        time.sleep(0.02)
    while (left := leftovers(data_dir)) and time.monotonic() < deadline + 2:
        send(signal.SIGKILL, left)
        time.sleep(0.02)
    return len(found)


def leftovers(data_dir: Path) -> list[int]:
    mark = f"{DATA_DIR_MARK}={data_dir}".encode()
    own = os.getpid()
    return [process for process in _all_processes() if process != own and mark in _read_environment(process)]


def _all_processes() -> Iterator[int]:
    if _ON_LINUX:
        yield from (int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def _read_state(process: int) -> tuple[str, int]:
    """State letter and session; the name before them may hold spaces and brackets."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "X", 0
    return fields[0], int(fields[3])


def _read_environment(process: int) -> list[bytes]:
    """Empty for dead processes and for those of other people."""
    try:
        return Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
