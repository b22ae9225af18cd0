"""Who gets a child process, and when? So many at once; started when needed, used again, replaced in time."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from jobs.confined.child import Child, ChildError, Kind
from jobs.confined.turns import Turns
from jobs.confined.wire import Message

logger = logging.getLogger(__name__)

# Not the work's fault: it is done once more by a child of its own.
NOT_TO_BLAME = frozenset({"killed", "left"})


class Pool:
    """The children of one kind of this process. A forked process begins with none."""

    def __init__(self, kind: Kind, *, at_once: int = 2, most_uses: int = 500) -> None:
        self._kind, self._at_once, self._most_uses = kind, at_once, most_uses
        self._begin()
        os.register_at_fork(after_in_child=self._begin_after_fork)

    def _begin(self) -> None:
        self._turns = Turns(self._at_once)
        self._lock = threading.Lock()
        self._idle: list[Child] = []

    def _begin_after_fork(self) -> None:
        for child in self._idle:
            child.forget()
        self._begin()

    def run(
        self, task: str, arguments: Mapping[str, Any], *, files: Sequence[int] = (), seconds: float | None = None
    ) -> Message:
        """The answer to a task, or ``ChildError``; ``OSError`` when no child can be started. Waits for its turn."""
        seconds = min(seconds or self._kind.wall_seconds, self._kind.wall_seconds)
        with self._turns.take():
            try:
                return self._run(task, arguments, files=files, seconds=seconds)
            except ChildError as error:
                logger.log(_level(error), "A child process could not do %s: %s", task, error)
                if error.reason not in NOT_TO_BLAME:
                    raise
            self.stop()  # those that wait may have left as well
            return self._run(task, arguments, files=files, seconds=seconds)

    def _run(self, task: str, arguments: Mapping[str, Any], *, files: Sequence[int], seconds: float) -> Message:
        with self._take_child() as child:
            return child.run(task, arguments, files=files, seconds=seconds)

    @contextmanager
    def _take_child(self) -> Iterator[Child]:
        child = self._find_idle() or Child(self._kind)
        try:
            yield child
        except BaseException:
            child.stop()
            raise
        if child.uses >= self._most_uses:
            child.stop()
            return
        with self._lock:
            self._idle.append(child)

    def _find_idle(self) -> Child | None:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_running():
                    return child
                child.stop()
        return None

    def stop(self) -> None:
        """End the children that have nothing to do."""
        with self._lock:
            while self._idle:
                self._idle.pop().stop()


def _level(error: ChildError) -> int:
    return logging.DEBUG if error.reason == "left" else logging.WARNING
