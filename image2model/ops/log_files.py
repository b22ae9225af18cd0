"""Where do the log lines of all processes lie? One file for each day, shared, in pieces, the oldest thrown away."""

from __future__ import annotations

import logging
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

MAX_FILE_BYTES = 20 << 20
MAX_FILES = 40
NAME = re.compile(r"\d{4}-\d{2}-\d{2}\.\d{3}\.jsonl")


def list_log_files(folder: Path) -> list[Path]:
    """Oldest first."""
    return sorted(path for path in folder.glob("*.jsonl") if NAME.fullmatch(path.name))


def read_day_of(path: Path) -> date:
    return date.fromisoformat(path.name[:10])


class DailyFileHandler(logging.Handler):
    """Appends whole lines, so that processes may share the file. A full disk stops nobody: the line is lost here."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)
        self._path: Path | None = None
        self._descriptor = -1

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record) + "\n"
        except Exception:  # a bad format string must not stop the work that is logged
            self.handleError(record)
            return
        try:
            self._open_current()
            os.write(self._descriptor, line.encode("utf-8", "backslashreplace"))
        except OSError:
            self._close_file()

    def _open_current(self) -> None:
        """The last piece of today; the next one when it is full or was removed."""
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        if self._path is not None and self._path.name.startswith(today) and self._has_room():
            return
        self._close_file()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        self._path = self._choose_piece(today)
        self._descriptor = os.open(self._path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o640)
        self._remove_oldest()

    def _has_room(self) -> bool:
        facts = os.fstat(self._descriptor)
        return facts.st_size < MAX_FILE_BYTES and facts.st_nlink > 0

    def _choose_piece(self, today: str) -> Path:
        """The latest of today, or the one after it. Numbers are never used again: they tell the order."""
        latest = next((path for path in reversed(list_log_files(self.folder)) if path.name.startswith(today)), None)
        if latest is None:
            return self.folder / f"{today}.000.jsonl"
        number = int(latest.name.split(".")[1]) + (not has_room(latest))
        return self.folder / f"{today}.{number:03}.jsonl"

    def _remove_oldest(self) -> None:
        for path in list_log_files(self.folder)[:-MAX_FILES]:
            path.unlink(missing_ok=True)

    def _close_file(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._path, self._descriptor = None, -1

    def close(self) -> None:
        self._close_file()
        super().close()


def has_room(path: Path) -> bool:
    try:
        return path.stat().st_size < MAX_FILE_BYTES
    except FileNotFoundError:
        return True
