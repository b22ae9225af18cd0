"""Whose turn is it? So many at once, and those who wait in the order in which they came.

A semaphore of Python's lets whoever comes while a place is free go first: under load some waited five times as long as
others.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """``with turns.take(): …`` is entered by at most ``at_once`` threads."""

    def __init__(self, at_once: int) -> None:
        self._lock = threading.Lock()
        self._free = at_once
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def take(self) -> Iterator[None]:
        self._wait()
        try:
            yield
        finally:
            with self._lock:
                self._pass_on()

    def _wait(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            mine.acquire()
        except BaseException:  # a time limit may strike while one waits, and just when the turn has come
            self._leave(mine)
            raise

    def _leave(self, mine: threading.Lock) -> None:
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
            else:
                self._pass_on()

    def _pass_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().release()
        else:
            self._free += 1
