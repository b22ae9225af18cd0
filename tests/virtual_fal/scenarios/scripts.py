"""Which scenario does a request follow? Scripts that match pictures, endpoints and arguments, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .scenario import Fault, Scenario

LOOK_DISTANCE = 6  # bits of 64 in which two looks may differ: re-encoding and resizing stay below


@dataclass(frozen=True, kw_only=True)
class Match:
    """Conditions that must all hold; an empty match fits everything."""

    picture: str = ""  # sha256 of the bytes that FAL received
    look: str = ""  # models/look.py: the same picture after re-encoding or resizing
    file_name: str = ""  # part of the uploaded name
    endpoint: str = ""  # the whole id, or its beginning
    arguments: Mapping[str, Any] = field(default_factory=dict)  # a part of the input
    webhook: str = ""  # part of the webhook's address


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is known of a call when a script is looked for."""

    pictures: Sequence[str] = ()
    file_names: Sequence[str] = ()
    endpoint: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    webhook: str = ""
    look_of: Callable[[str], int | None] = lambda picture: None


@dataclass
class Script:
    match: Match
    scenario: Scenario
    count: int | None = None  # submits it is good for; None is any number
    used: int = 0

    def fits(self, subject: Subject) -> bool:
        match = self.match
        return (
            (self.count is None or self.used < self.count)
            and (not match.picture or match.picture in subject.pictures)
            and (not match.file_name or any(match.file_name in name for name in subject.file_names))
            and subject.endpoint.startswith(match.endpoint)
            and match.webhook in subject.webhook
            and all(subject.arguments.get(key) == value for key, value in match.arguments.items())
            and (not match.look or self._looks_alike(subject))
        )

    def _looks_alike(self, subject: Subject) -> bool:
        wanted = int(self.match.look, 16)
        looks = (subject.look_of(picture) for picture in subject.pictures)
        return any(look is not None and (look ^ wanted).bit_count() <= LOOK_DISTANCE for look in looks)


class Scripts:
    """The scripts in force, newest first, and the counters of calls that decide which fault is next."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.calls: dict[tuple[int, str, str], int] = {}

    def add(self, script: Script) -> None:
        self.scripts.insert(0, script)

    def clear(self) -> None:
        self.scripts.clear()
        self.calls.clear()

    def find(self, subject: Subject) -> Script | None:
        return next((script for script in self.scripts if script.fits(subject)), None)

    def next_fault(self, faults: Sequence[Fault], *, step: str, subject: str) -> Fault | None:
        """The fault of this call, counted for each step and subject (a request, a picture, or all)."""
        key = (id(faults), step, subject)
        call = self.calls.get(key, 0)
        self.calls[key] = call + 1
        return next((fault for fault in faults if fault.meets(call)), None)
