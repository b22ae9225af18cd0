"""How do the lines of many processes read as one calm log?"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

_COLOURS = (36, 32, 33, 35, 34, 96, 92, 93)  # cyan, green, yellow, magenta, blue and the bright ones
_WIDTH = 8


class Console:
    """Prints whole lines, each with the name of the process that said it."""

    def __init__(self, stream: TextIO | None = None, *, colour: bool | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._has_colour = (self._stream.isatty() and "NO_COLOR" not in os.environ) if colour is None else colour
        self._names: dict[str, int] = {}

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        # Whoever read our output may be gone (a closed terminal, a pipe to `head`): the product runs on in silence.
        with suppress(OSError):
            print(text, file=self._stream, flush=True)

    def forward(self, name: str, line: str) -> None:
        self.say(f"{self._label(name)} {line}")

    def _label(self, name: str) -> str:
        label = f"{name:<{_WIDTH}} |"
        if not self._has_colour:
            return label
        code = _COLOURS[self._names.setdefault(name, len(self._names)) % len(_COLOURS)]
        return f"\033[{code}m{label}\033[0m"
