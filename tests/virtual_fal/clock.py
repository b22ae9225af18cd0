"""What time is it at the virtual FAL? The machine's clock, plus what a test skipped."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Wall time, so that a restarted server goes on where the old one was; tests may skip ahead."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return time.time() + self.skipped

    def skip(self, seconds: float) -> None:
        self.skipped += seconds


def write_naive(moment: float) -> str:
    """ISO text without zone, with microseconds: how FAL stamps log lines."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def write_utc(moment: float | None) -> str | None:
    """ISO text with an offset: how FAL stamps tokens and its request history."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()


def read_time(text: str) -> float:
    """Unix time of an ISO text; a text without zone means UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
