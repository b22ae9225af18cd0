"""How is one process kept running, and ended together with everything it started?"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from image2model.supervisor.output import Console
from image2model.supervisor.processes import kill_session, launch, send, wait_until_dead

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
SETTLED_AFTER = 10.0  # seconds of life after which an earlier crash no longer counts
HOPELESS_AFTER = 4  # quick deaths in a row of a child that never answered
LOUD_AFTER = 8  # the same of one that did
_REMEMBERED_LINES = 20
_LONGEST_LINE = 64 * 1024
_LAST_WORDS = 2.0  # seconds for the lines that are still in the pipe


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """One process of the table: how it is started, and what it needs."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stage: int = 0  # lower stages start earlier and stop later
    is_ready: Callable[[], Awaitable[bool]] | None = None
    is_quiet: bool = False  # its lines are shown only when it dies unasked
    death_signal: signal.Signals = signal.SIGKILL  # what the kernel sends it when the supervisor is killed


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all children share."""

    console: Console
    folder: Path
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()


class Child:
    """One process, started again with growing pauses whenever it dies unasked."""

    def __init__(self, spec: ChildSpec, *, surroundings: Surroundings) -> None:
        self.spec = spec
        self.quick_deaths = 0
        self._surroundings = surroundings
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = asyncio.Event()
        self._recent: deque[str] = deque(maxlen=_REMEMBERED_LINES)

    @property
    def is_hopeless(self) -> bool:
        return self.quick_deaths >= HOPELESS_AFTER

    async def keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            code = await self.run_once()
            if not self._stopping.is_set():
                self.quick_deaths = 1 if loop.time() - started >= SETTLED_AFTER else self.quick_deaths + 1
                await self._pause_after(code)

    async def _pause_after(self, code: int) -> None:
        pause = min(FIRST_PAUSE * 2 ** (self.quick_deaths - 1), LONGEST_PAUSE)
        self._explain(code, pause)
        try:
            async with asyncio.timeout(pause):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _explain(self, code: int, pause: float) -> None:
        say = self._surroundings.console.say
        if self.spec.is_quiet:
            for line in self._recent:
                self._surroundings.console.forward(self.spec.name, line)
        say(f"{self.spec.name} {describe_end(code)}; it starts again in {pause:g} s.")
        if self.quick_deaths == LOUD_AFTER:
            say(
                f"!!! {self.spec.name} has died {LOUD_AFTER} times in a row and cannot work. Its lines above say why; "
                f"it is tried again every {LONGEST_PAUSE:g} s."
            )

    async def run_once(self) -> int:
        """Starts the process, forwards its lines, and returns its code when it and all of its session are gone."""
        read_end, write_end = os.pipe()
        try:
            self._process = process = launch(
                self.spec.argv,
                environment={**self._surroundings.environment, **self.spec.environment},
                folder=self._surroundings.folder,
                output=write_end,
                descriptors=self._surroundings.descriptors,
                death_signal=self.spec.death_signal,
            )
        except OSError as error:
            os.close(read_end)
            self._surroundings.console.say(f"{self.spec.name} cannot be started: {error}.")
            return 127
        finally:
            os.close(write_end)
        forwarding = asyncio.create_task(self._forward(read_end))
        try:
            await wait_until_dead(process)
        finally:
            kill_session(process.pid)
            code = process.wait()
            self._process = None
            await self._finish(forwarding)
        return code

    async def _finish(self, forwarding: asyncio.Task[None]) -> None:
        # What left the session by becoming a daemon may hold the pipe for ever; its lines are not waited for.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await forwarding

    async def _forward(self, read_end: int) -> None:
        reader = asyncio.StreamReader()
        pipe = os.fdopen(read_end, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        pending = b""
        while block := await reader.read(_LONGEST_LINE):
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                self._show(line)
            if len(pending) > _LONGEST_LINE:
                self._show(pending)
                pending = b""
        if pending:
            self._show(pending)
        transport.close()

    def _show(self, raw: bytes) -> None:
        line = raw.decode(errors="replace").rstrip()
        self._recent.append(line)
        if not self.spec.is_quiet:
            self._surroundings.console.forward(self.spec.name, line)

    def ask_to_stop(self) -> None:
        """One SIGTERM, no more: a second one would make a worker drop the work in its hands."""
        if not self._stopping.is_set():
            self._stopping.set()
            if self._process is not None:
                send(signal.SIGTERM, [self._process.pid])

    def kill(self) -> None:
        self._stopping.set()
        if self._process is not None:
            kill_session(self._process.pid)


def describe_end(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
