"""How does the server as a whole fare? Windows in which all of it, or some of its steps, are down or slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .scenarios import Fault
from .scenarios.scenario import STEPS, ScenarioError

# refuse: nobody listens · dns: the proxy knows no such host · tls: a certificate nobody trusts
# mute: connections are taken and left alone · drop: connections are taken and closed · steps: faults at steps
CONNECTION_KINDS = ("refuse", "dns", "tls", "mute", "drop")


@dataclass
class Window:
    kind: str
    until: float | None  # None: until it is cleared
    steps: Sequence[str] = ()  # empty is every step
    fault: Fault = field(default_factory=Fault)
    calls: int = 0

    def __post_init__(self) -> None:
        if self.kind not in (*CONNECTION_KINDS, "steps"):
            raise ScenarioError(f"no weather is called {self.kind!r}")
        if unknown := set(self.steps) - set(STEPS):
            raise ScenarioError(f"no step is called {unknown.pop()!r}")


class Weather:
    def __init__(self) -> None:
        self.windows: list[Window] = []

    def add(self, window: Window) -> None:
        self.windows.append(window)

    def clear(self) -> None:
        self.windows.clear()

    def find_kind(self, now: float) -> str:
        """The kind of connection trouble of this moment; empty when connections are fine."""
        self._forget_past(now)
        return next((window.kind for window in self.windows if window.kind != "steps"), "")

    def find_fault(self, step: str, now: float) -> Fault | None:
        if not self.windows:
            return None
        self._forget_past(now)
        for window in self.windows:
            if window.kind == "steps" and (not window.steps or step in window.steps):
                call, window.calls = window.calls, window.calls + 1
                if window.fault.meets(call):
                    return window.fault
        return None

    def _forget_past(self, now: float) -> None:
        self.windows = [window for window in self.windows if window.until is None or now < window.until]
