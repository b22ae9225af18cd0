"""What can go wrong with keys and accounts? One error class; codes are those of the wire contract."""

from __future__ import annotations


class AccountError(Exception):
    """A request cannot be met; ``field`` names the field of a form that it concerns."""

    def __init__(self, code: str, message: str, *, field: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.hint = hint


class TooManyFailures(Exception):
    """Somebody guessed too often; may come back after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many failed sign-ins; try again in {seconds} s.")
        self.seconds = seconds
