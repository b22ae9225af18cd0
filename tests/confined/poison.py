"""Which tasks harm the process that does them? Each does it for real."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

Answer = tuple[dict, bytes]


def look(arguments, files) -> Answer:
    """What a child knows of the world it came from."""
    connected = [name for name in map(_read_link, Path("/proc/self/fd").iterdir()) if "socket" in name]
    loaded = __import__("sys").modules
    return {
        "pid": os.getpid(), "environment": dict(os.environ), "sockets": len(connected), "folder": str(Path.cwd()),
        "modules": [name for name in ("django", "numpy", "redis", "PIL") if name in loaded],
        "limits": {
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0]
            for name in ("AS", "CPU", "NOFILE", "FSIZE", "CORE")
        },
    }, b""  # fmt: skip


def _read_link(place: Path) -> str:
    try:
        return os.readlink(place)
    except OSError:  # the folder itself was open while it was listed
        return ""


def echo(arguments, files) -> Answer:
    return {"read": os.pread(files[0], 1000, 0).decode()} if files else arguments, b"blob"


def abort(arguments, files) -> Answer:
    os.abort()


def eat_memory(arguments, files) -> Answer:
    hoard = []
    while True:
        hoard.append(bytearray(10_000_000))


def burn(arguments, files) -> Answer:
    while True:
        pass


def hang(arguments, files) -> Answer:
    time.sleep(600)
    return {}, b""


def fail(arguments, files) -> Answer:
    raise KeyError("nobody expected this")


def write_much(arguments, files) -> Answer:
    while True:
        os.write(files[0], b"x" * 1_000_000)


def open_much(arguments, files) -> Answer:
    kept = []
    while True:
        kept.append(open("/dev/null"))  # noqa: SIM115


def shout(arguments, files) -> Answer:
    return {"text": "x" * 2_000_000}, b""


TASKS = {
    task.__name__: task for task in (look, echo, abort, eat_memory, burn, hang, fail, write_much, open_much, shout)
}
