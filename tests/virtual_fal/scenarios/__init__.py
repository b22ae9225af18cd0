"""What goes wrong, when and for whom? Scenarios are data: named presets, or the same fields spelled out."""

from __future__ import annotations

from .presets import PRESETS, read_scenario
from .rows import ROWS
from .scenario import Fault, Scenario, Webhook
from .scripts import Match, Script, Scripts

__all__ = ["PRESETS", "ROWS", "Fault", "Match", "Scenario", "Script", "Scripts", "Webhook", "read_scenario"]
