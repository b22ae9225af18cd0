"""Where does each process keep its counts, and what becomes of those of a dead one?

Each process writes its own memory-mapped files, which prometheus_client adds up. A process holds a lock on a file of
its name for as long as it lives, whatever ends it and in whichever container it runs. The counts of the dead are folded
into one file for each kind, so that work horses leave nothing behind and no sum ever falls.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

logger = logging.getLogger(__name__)

# Reserved on the disk at once: a write into a hole of a sparse file would kill the process when the disk is full.
RESERVED = {"counter": 128 * 1024, "histogram": 512 * 1024, "gauge_livesum": 64 * 1024}
SUMMED = ("counter", "histogram")
FOLDED = "folded"
_BROKEN = (RuntimeError, ValueError, struct.error)


class MeterFiles:
    """The folder of all processes' counts, seen by one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._pid = 0
        self._name = ""
        self._mark = -1

    def name_process(self) -> str:
        """Unlike that of any other process that ever counted here; a new one after a fork. ``OSError`` without room."""
        if os.getpid() != self._pid:
            self._register()
        return self._name

    def _register(self) -> None:
        name = uuid4().hex
        with self._locked():
            mark = os.open(self._mark_of(name), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            fcntl.flock(mark, fcntl.LOCK_EX)
            try:
                for kind, size in RESERVED.items():
                    reserve(self.folder / f"{kind}_{name}.db", size)
            except OSError:
                os.close(mark)  # nobody holds it: the next fold removes what was made
                raise
        if self._mark >= 0:
            os.close(self._mark)  # the parent's, inherited
        self._pid, self._name, self._mark = os.getpid(), name, mark

    def read(self) -> Iterable[Metric]:
        """The counts of all processes, living and dead, added up."""
        self.fold_dead()
        with self._locked():
            files = [str(path) for path in self.folder.glob("*.db") if self._is_whole(path)]
            return list(MultiProcessCollector.merge(files))

    def fold_dead(self) -> None:
        """Keep the counts of processes that are gone, without their files."""
        with self._locked():
            for mark in self.folder.glob("*.alive"):
                if is_unlocked(mark):
                    self._fold(mark.stem)
                    mark.unlink()

    def _fold(self, name: str) -> None:
        for kind in RESERVED:
            path = self.folder / f"{kind}_{name}.db"
            if kind in SUMMED and path.exists() and self._is_whole(path):
                add_up(path, into=self.folder / f"{kind}_{FOLDED}.db", reserving=4 * RESERVED[kind])
            path.unlink(missing_ok=True)

    def _is_whole(self, path: Path) -> bool:
        try:
            for _ in MmapedDict.read_all_values_from_file(path):
                pass
        except _BROKEN as error:
            logger.warning("The counts in %s cannot be read (%s).", path.name, error)
            return False
        return True

    def _mark_of(self, name: str) -> Path:
        return self.folder / f"{name}.alive"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def reserve(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o640)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


def is_unlocked(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def add_up(path: Path, *, into: Path, reserving: int) -> None:
    if not into.exists():
        reserve(into, reserving)
    sums = MmapedDict(str(into))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(path):
            sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
    finally:
        sums.close()
