"""Where can a test break a process? Named steps, without any effect unless settings and environment both ask for it.

``FAILPOINTS`` lists ``name``, ``name:chance`` or ``name:chance:action``, separated by commas, and ``FAILPOINTS_SEED``
makes the chances repeatable. ``FAILPOINTS=@folder`` names a folder instead: a file of a point's name in it holds
``action`` or ``action@n`` and strikes once, in the process that gets there first (for the n-th time), so that a test
can arm processes that run already.
"""

from __future__ import annotations

import errno
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from django.conf import settings

FAL_POINTS = (
    "dispatch.after_claim",
    "submit.before_upload",
    "submit.after_upload",
    "submit.before_sending",
    "submit.sending",
    "submit.after_send",
    "submit.after_accept",
    "follow.before_poll",
    "follow.after_poll",
    "follow.after_note",
    "collect.after_claim",
    "collect.after_result",
    "collect.after_save",
    "collect.after_download",
    "collect.after_store",
    "collect.after_record",
    "finish.after_claim",
    "finish.after_preview",
    "finish.before_complete",
)
POINTS = (
    *FAL_POINTS,
    "upload.after_read",
    "upload.after_store",
    "upload.before_commit",
    "upload.after_commit",
    "upload.after_ring",
    "store.before_write",
    "store.sync",
    "store.after_write",
    "worker.after_bell",
    "worker.after_claim",
    "worker.before_complete",
    "convert.after_claim",
    "convert.before_complete",
    "sweep.before",
    "sweep.after",
    "webhook.after_check",
    "webhook.after_note",
    "delete.after_bury",
    "delete.after_files",
    "delete.after_rows",
)
ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO}
_passed: Counter[str] = Counter()


class FailpointError(RuntimeError):
    """A test asked for this."""


def failpoint(name: str) -> None:
    """Nothing, unless a test asked for a failure here."""
    if "FAILPOINTS" in os.environ and settings.ALLOW_FAILPOINTS:
        _act(name)


def _act(name: str) -> None:
    assert name in POINTS, name
    plan = os.environ["FAILPOINTS"]
    action = _take_armed(Path(plan[1:], name)) if plan.startswith("@") else _roll_dice(name)
    if action:
        _perform(action, name)


def _perform(action: str, name: str) -> None:
    if action == "raise":
        raise FailpointError(name)
    if action in ERRORS:
        raise OSError(ERRORS[action], f"{os.strerror(ERRORS[action])} ({name})")
    os.kill(os.getpid(), signal.SIGSTOP if action == "stop" else signal.SIGKILL)


def _take_armed(armed: Path) -> str:
    """What the folder asks for here; renamed in the same step, so that it strikes once in all processes."""
    with suppress(FileNotFoundError):
        armed.stat()  # needs no descriptor, where there may be none left for an unarmed step
        action, _, turn = armed.read_text().partition("@")
        _passed[armed.name] += 1
        if _passed[armed.name] >= int(turn or 1):
            _passed[armed.name] = 0
            armed.rename(armed.with_suffix(armed.suffix + ".struck"))
            return action
    return ""


def _roll_dice(name: str) -> str:
    chance, action = _read_plan().get(name, (0.0, ""))
    return action if _dice().random() < chance else ""


@lru_cache(maxsize=1)
def _read_plan() -> dict[str, tuple[float, str]]:
    plan = {}
    for entry in os.environ["FAILPOINTS"].split(","):
        name, _, rest = entry.strip().partition(":")
        chance, _, action = rest.partition(":")
        if name not in POINTS:
            raise FailpointError(f"no failpoint is called {name!r}")
        plan[name] = (float(chance or 1), action or "kill")
    return plan


@lru_cache(maxsize=1)
def _dice() -> random.Random:
    return random.Random(os.environ.get("FAILPOINTS_SEED"))  # nosec B311
