"""What does a model say while it runs? Log lines with the moments at which they appear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .clock import write_naive
from .scenarios import Scenario

_STORY = (
    (0.0, "Downloading input image"),
    (0.05, "Starting generation"),
    (0.6, "Building mesh"),
    (0.95, "Uploading model"),
)


@dataclass(frozen=True)
class Line:
    at: float
    entry: dict[str, Any]


def write_lines(scenario: Scenario, *, started_at: float, run_seconds: float) -> list[Line]:
    """All lines of a run, in order; the status shows those whose moment has come."""
    story = [*_STORY]
    if scenario.log_lines is not None:
        count = max(1, len(scenario.log_lines))
        story = [(number / count, text) for number, text in enumerate(scenario.log_lines)]
    elif scenario.progress:
        story = sorted([*_STORY, *((step / 10, f"progress: {step * 10}%") for step in range(1, 10))])
    moments = [(started_at + share * run_seconds, text) for share, text in story]
    return [Line(moment, _write_entry(scenario, moment, text)) for moment, text in moments]


def _write_entry(scenario: Scenario, moment: float, text: str) -> dict[str, Any]:
    if scenario.logs == "levels":
        return {"message": text, "level": "INFO", "source": "USER", "timestamp": write_naive(moment)}
    return {"timestamp": write_naive(moment), "message": text, "labels": {}}
