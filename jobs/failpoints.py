"""Where can a test end a process? Named steps, without any effect unless settings and environment both ask for it.

``FAILPOINTS`` lists ``name``, ``name:chance`` or ``name:chance:action``, separated by commas, with the actions
``kill`` (SIGKILL of the own process) and ``raise``. ``FAILPOINTS_SEED`` makes the chances repeatable.
"""

from __future__ import annotations

import os
import random
import signal
from functools import lru_cache

from django.conf import settings

POINTS = (
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


class FailpointError(RuntimeError):
    """A test asked for this."""


def failpoint(name: str) -> None:
    """Nothing, unless a test asked for an end here."""
    if "FAILPOINTS" in os.environ and settings.ALLOW_FAILPOINTS:
        _act(name)


def _act(name: str) -> None:
    assert name in POINTS, name
    chance, action = _read_plan().get(name, (0.0, ""))
    if _dice().random() >= chance:
        return
    if action == "raise":
        raise FailpointError(name)
    os.kill(os.getpid(), signal.SIGKILL)


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
    return random.Random(os.environ.get("FAILPOINTS_SEED"))
