"""What do the chaos tests share? A seed, a stack for each module, and clients with one history."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.chaos.client import Caller, History
from tests.chaos.running import run_stack
from tests.chaos.stack import Stack

ON_POSTGRES = bool(os.environ.get("TEST_ON_POSTGRES"))


def choose_seed() -> int:
    """``CHAOS_SEED`` replays a run; the seed is told with every failure."""
    return int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))


def offers_fal(caller: Caller) -> bool:
    return "tripo-v2.5" in str(caller.call("GET", "/api/v1/models/available").body)


@dataclass
class Scene:
    """A stack, the clients around it, and what they saw. Every picture in it is a new one."""

    stack: Stack
    history: History = field(default_factory=History)
    callers: dict[str, Caller] = field(default_factory=dict)
    pictures: int = 0

    def caller(self, name: str = "alice") -> Caller:
        """Made when first asked for, which waits until FAL is on offer where somebody may offer it."""
        if name not in self.callers:
            key = self.stack.make_key(name)
            self.callers[name] = made = Caller(name=name, url=self.stack.url, api_key=key, history=self.history)
            if "watch" in self.stack.parts and self.stack.parts["watch"].is_wanted:
                self.stack.wait_until(lambda: offers_fal(made), what="FAL on offer")
        return self.callers[name]

    def fresh(self, number: int = 1) -> list[int]:
        first, self.pictures = self.pictures, self.pictures + number
        return [self.stack.seed * 1_000 + each for each in range(first, self.pictures)]

    def close(self) -> None:
        for caller in self.callers.values():
            caller.close()


@pytest.fixture(scope="module")
def open_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Scene]]:
    """Makes stacks that last as long as the module's tests."""
    from contextlib import ExitStack

    with ExitStack() as resources:

        def open_one(**settings: Any) -> Scene:
            folder = tmp_path_factory.mktemp("stack")
            wishes = {"seed": choose_seed(), "on_postgres": ON_POSTGRES, **settings}
            stack = resources.enter_context(run_stack(folder, **wishes))
            scene = Scene(stack)
            resources.callback(scene.close)
            return scene

        yield open_one


@pytest.fixture(scope="module")
def shared_scene(open_scene: Callable[..., Scene]) -> Scene:
    return open_scene()


@pytest.fixture
def scene(shared_scene: Scene) -> Iterator[Scene]:
    """The module's stack, whole again after each test."""
    yield shared_scene
    shared_scene.stack.disarm()
    shared_scene.stack.clear_weather()
    shared_scene.stack.clock_file.unlink(missing_ok=True)
    for part in shared_scene.stack.parts.values():
        part.is_wanted = True
    shared_scene.stack.tend()
