"""How does a chaos test run a stack? A running product on data of its own, killed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.chaos.stack import WORKERS, Stack


@contextmanager
def run_stack(
    folder: Path,
    *,
    seed: int,
    on_postgres: bool = False,
    keep_redis: bool = True,
    workers: Sequence[str] = WORKERS,
    furnish: Callable[[Path], AbstractContextManager[object]] | None = None,
    **settings: str,
) -> Iterator[Stack]:
    """A running product; killed at the end. ``settings`` are its own; ``furnish`` is what is done to its data first."""
    with ExitStack() as resources:
        if furnish is not None:
            resources.enter_context(furnish(folder / "data"))
        stack = Stack(folder, resources, seed=seed, on_postgres=on_postgres, keep_redis=keep_redis)
        resources.callback(stack.close)
        stack.start(workers=workers, **settings)
        yield stack
