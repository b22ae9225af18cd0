"""How far is the engine? Turns the steps' shares of time into percentages that only grow."""

from __future__ import annotations

from ..base import Report

LAST_PERCENT = 95  # the rest belongs to whoever stores the result


class Progress:
    """Tells the report where the work stands; called often, since a cancellation is raised from it."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._percent = 0

    def prepare(self, percent: int) -> None:
        self._tell("preparing", percent)

    def generate(self, percent: int) -> None:
        self._tell("generating", percent)

    def _tell(self, stage: str, percent: int) -> None:
        self._percent = min(max(percent, self._percent), LAST_PERCENT)
        self._report(stage, self._percent)
