"""How do several workers share the memory of what they loaded, and who replaces one that died?

A parent that never works itself loads everything once and forks them; pages that nobody writes to exist once. It waits
for signals alone, so that it costs nothing.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from image2model.supervisor.processes import die_with_this_process

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # how often it asks how many workers are wanted
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
SETTLED_AFTER = 10.0  # seconds of life after which an earlier crash no longer counts
_HEARD = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


class Crew:
    """Workers of one queue: as many as ``count_wanted`` says."""

    def __init__(self, work: Callable[[], None], *, count_wanted: Callable[[], int]) -> None:
        self._work = work
        self._count_wanted = count_wanted
        self._begun: dict[int, float] = {}  # by process id
        self._leaving: set[int] = set()
        self._quick_deaths = 0
        self._not_before = 0.0

    def has(self, pid: int) -> bool:
        return pid in self._begun

    @property
    def is_gone(self) -> bool:
        return not self._begun

    def match(self) -> None:
        missing = self._count_wanted() - len(self._begun.keys() - self._leaving)
        if missing < 0:
            self._ask_to_leave(-missing)
        elif time.monotonic() >= self._not_before:
            for _ in range(missing):
                self._fork()

    def dismiss(self) -> None:
        self._ask_to_leave(len(self._begun))

    def bury(self, pid: int, status: int) -> None:
        seconds = time.monotonic() - self._begun.pop(pid)
        was_asked = pid in self._leaving
        self._leaving.discard(pid)
        if not was_asked:
            self._pause_after(pid, status, seconds=seconds)

    def _ask_to_leave(self, count: int) -> None:
        """The youngest first. Each is asked once: a second SIGTERM would make it drop the work in its hands."""
        staying = sorted(self._begun.keys() - self._leaving, key=lambda pid: self._begun[pid], reverse=True)
        for pid in staying[:count]:
            self._leaving.add(pid)
            os.kill(pid, signal.SIGTERM)

    def _fork(self) -> None:
        prepare = die_with_this_process(signal.SIGTERM)
        pid = os.fork()
        if pid:
            self._begun[pid] = time.monotonic()
            return
        code = 1
        try:
            os.setpgid(0, 0)  # Ctrl-C is for the parent, which passes it on once
            if prepare is not None:
                prepare()
            _become_ordinary()
            self._work()
            code = 0
        except Exception:
            logger.exception("A worker could not go on.")
        finally:
            os._exit(code)

    def _pause_after(self, pid: int, status: int, *, seconds: float) -> None:
        self._quick_deaths = 0 if seconds >= SETTLED_AFTER else self._quick_deaths + 1
        pause = min(FIRST_PAUSE * 2.0 ** max(0, self._quick_deaths - 1), LONGEST_PAUSE)
        self._not_before = time.monotonic() + pause
        code = os.waitstatus_to_exitcode(status)
        logger.warning("Worker %s ended with %s; another one starts in %g s.", pid, code, pause)


def run_pool(crews: Sequence[Crew]) -> None:
    """Until SIGTERM or SIGINT: then each worker ends its work first."""
    freeze_what_is_loaded()
    before = _hold_signals()
    heard: set[int] = set()
    while not heard & {signal.SIGTERM, signal.SIGINT}:
        _bury_the_dead(crews)
        for crew in crews:
            crew.match()
        heard = _take_signals(LOOK_SECONDS)
    for crew in crews:
        crew.dismiss()
    while not all(crew.is_gone for crew in crews):
        _take_signals(LOOK_SECONDS)
        _bury_the_dead(crews)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _bury_the_dead(crews: Sequence[Crew]) -> None:
    while not all(crew.is_gone for crew in crews) and (found := os.waitpid(-1, os.WNOHANG))[0]:
        for crew in crews:
            if crew.has(found[0]):
                crew.bury(*found)


def freeze_what_is_loaded() -> None:
    """Python's collector would write to each object that it looks at, and so copy its page."""
    gc.collect()
    gc.freeze()


def _hold_signals() -> set[Any]:
    """They wait until they are asked for; none interrupts anything. SIGCHLD needs a handler to be kept at all."""
    signal.signal(signal.SIGCHLD, _hear)
    return signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)


def _hear(number: int, frame: FrameType | None) -> None:
    """Nothing: the signal is read by ``_take_signals``."""


def _take_signals(seconds: float) -> set[int]:
    """Which came, waiting for the first as long as this."""
    heard: set[int] = set()
    found = signal.sigtimedwait(_HEARD, seconds)
    while found is not None:
        heard.add(found.si_signo)
        found = signal.sigtimedwait(_HEARD, 0)
    return heard


def _become_ordinary() -> None:
    """Signals as a process finds them that was started by itself."""
    for number in _HEARD:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
