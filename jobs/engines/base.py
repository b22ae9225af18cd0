"""What is an engine? The interface that every engine implements, free of Django, RQ and storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class EngineError(Exception):
    """An engine could not make a model of this input.

    ``code`` is a stable ``generation.error.code`` of the wire contract, ``retryable`` says whether
    the very same request could succeed later.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.retryable = retryable


@dataclass(frozen=True, kw_only=True)
class EngineRequest:
    """One object to be modelled: encoded pictures by view, and the engine's own options."""

    pictures: Mapping[str, bytes]  # view ("front", "left", ...) -> JPEG, PNG or WebP bytes; "front" is always there
    options: Mapping[str, Any] = field(default_factory=dict)  # names and ranges: jobs/catalog


@dataclass(frozen=True, kw_only=True)
class EngineResult:
    """A model and what the engine has to say of it."""

    model: bytes  # GLB: metres, y up, centred
    mask: bytes | None = None  # grey PNG of the outline the model was made from, same aspect as the picture
    warnings: tuple[str, ...] = ()  # stable codes: low_confidence, touches_border, ...
    facts: Mapping[str, Any] = field(default_factory=dict)  # how it was made: method, confidence, ...


class Report(Protocol):
    """Where an engine says how far it is. Raising from it is how a cancellation reaches the engine."""

    def __call__(self, stage: str, percent: int) -> None: ...


class Engine(Protocol):
    """Turns pictures into one model, in this process, or raises ``EngineError``."""

    def generate(self, request: EngineRequest, report: Report) -> EngineResult: ...
