"""In which order does everything start, and in which order does it stop?"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from image2model.supervisor.child import Child, ChildSpec, Surroundings
from image2model.supervisor.instance import Instance
from image2model.supervisor.output import Console
from image2model.supervisor.processes import end_leftovers
from image2model.supervisor.refusals import Refusal
from image2model.supervisor.stack import Plan

PIPE_NAME = "SUPERVISOR_PIPE_FD"
GRACE = 10.0  # seconds between "please stop" and the end
READY_WITHIN = 120.0
FIRST_MODEL_WITHIN = 120.0
_LOOK_EVERY = 0.05


class Run:
    """One life of the product, from the first process to the last."""

    def __init__(self, plan: Plan, *, instance: Instance, console: Console, folder: Path, grace: float = GRACE) -> None:
        self._plan = plan
        self._instance = instance
        self._console = console
        self._grace = grace
        self._running: dict[Child, asyncio.Task[None]] = {}
        self._stop_asked = asyncio.Event()
        self._hurry = asyncio.Event()
        # The write end is ours alone and never written to: the read end of every descendant ends when we do.
        pipe, self._lifeline = os.pipe()
        self._surroundings = Surroundings(
            console=console,
            folder=folder,
            environment={**plan.environment, PIPE_NAME: str(pipe)},
            descriptors=(pipe,),
        )

    async def live(self) -> None:
        """Starts everything, stays until a signal comes, stops everything. Raises ``Refusal`` when it cannot start."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._receive_signal)
        starting = asyncio.create_task(self._start())
        stop = asyncio.create_task(self._stop_asked.wait())
        try:
            await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await stop
        finally:
            stop.cancel()
            starting.cancel()
            await asyncio.gather(starting, stop, return_exceptions=True)
            await self._stop()

    def _receive_signal(self) -> None:
        if self._stop_asked.is_set():
            self._hurry.set()
        else:
            self._console.say("Stopping. Once more Ctrl-C stops at once.")
            self._stop_asked.set()

    async def _start(self) -> None:
        plan = self._plan
        if plan.store is not None:
            await self._wait_until_ready(self._keep_running(plan.store))
        if plan.virtual_fal is not None:
            await self._wait_until_ready(self._keep_running(plan.virtual_fal))
        if plan.prepare is not None and await self._run_to_end(plan.prepare) != 0:
            raise Refusal("The data could not be prepared; the lines above say why.")
        children = [self._keep_running(spec) for spec in plan.children]
        await asyncio.gather(self._make_first_model(), *(self._wait_until_ready(child) for child in children))
        self._announce()

    def _keep_running(self, spec: ChildSpec) -> Child:
        child = Child(spec, surroundings=self._surroundings)
        self._running[child] = task = asyncio.create_task(child.keep_running())
        task.add_done_callback(self._notice_end)
        return child

    def _notice_end(self, task: asyncio.Task[None]) -> None:
        """It ends by itself only through a fault of ours: nothing may then look as if it were still kept running."""
        if not task.cancelled() and task.exception() is not None:
            self._stop_asked.set()

    async def _run_to_end(self, spec: ChildSpec) -> int:
        return await Child(spec, surroundings=self._surroundings).run_once()

    async def _wait_until_ready(self, child: Child) -> None:
        is_ready = child.spec.is_ready
        if is_ready is None:
            return
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not await is_ready():
                    if child.is_hopeless:
                        raise Refusal(f"{child.spec.name} cannot start; its lines above say why.")
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise Refusal(f"{child.spec.name} did not answer within {READY_WITHIN:g} s.") from None

    async def _make_first_model(self) -> None:
        """Its failure is told by its own lines, and hinders nobody from using the rest."""
        if self._plan.first_model is None:
            return
        try:
            async with asyncio.timeout(FIRST_MODEL_WITHIN):
                await self._run_to_end(self._plan.first_model)
        except TimeoutError:
            self._console.say(f"The first model is not done after {FIRST_MODEL_WITHIN:g} s; it goes on without us.")

    def _announce(self) -> None:
        line = f"Image2Model is ready: {self._plan.url}"
        login = self._instance.take_first_login()
        if login is not None:
            line += f" — log in as {login['email']} with password {login['password']}"
        self._console.say(line)
        self._instance.forget_first_login()

    async def _stop(self) -> None:
        """The makers of work first, the store that they report to last."""
        stages = sorted({child.spec.stage for child in self._running}, reverse=True)
        for stage in stages:
            await self._stop_together([child for child in self._running if child.spec.stage == stage])
        end_leftovers(self._instance.data_dir, grace=0)
        os.close(self._lifeline)
        for task in self._running.values():
            task.result()

    async def _stop_together(self, children: list[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        gone = asyncio.gather(*(self._running[child] for child in children), return_exceptions=True)
        hurry = asyncio.create_task(self._hurry.wait())
        ends: set[asyncio.Future[Any]] = {gone, hurry}
        await asyncio.wait(ends, timeout=self._grace, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        for child in children:
            child.kill()
        await gone
