"""What is made of a stranger's model? By a child process with limits; a model that ends it is not tried again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any

from jobs.confined.child import ChildError, Kind
from jobs.confined.descriptors import open_descriptor
from jobs.confined.limits import MEGABYTE, Limits
from jobs.confined.pool import Pool
from jobs.confined.wire import Message
from jobs.meshes import MeshError, MeshFacts

CHILD = Kind(
    tasks="jobs.confined.model_tasks",
    limits=Limits(memory_bytes=3072 * MEGABYTE, seconds=60, file_bytes=1024 * MEGABYTE),
    wall_seconds=90,
    idle_seconds=60,  # starting anew takes .3 s, which a single picture would wait for
)
CROWD_NICENESS = 10
TOGETHER_SECONDS = 100  # all that is made of one model; the lease of who makes it is a little longer
_pool = Pool(CHILD, at_once=1)
_crowd_limits = replace(CHILD.limits, niceness=CROWD_NICENESS)
_crowd_pool = Pool(replace(CHILD, limits=_crowd_limits, idle_seconds=10), at_once=1)


class Workshop:
    """Measures, picture and formats of one model, within one time for all of them.

    ``is_crowded``: many models wait, and the work yields to what fetches others; one alone is waited for by somebody.
    """

    def __init__(self, model: IO[Any] | bytes, *, is_crowded: bool = False) -> None:
        self._model = model
        self._pool = _choose_pool(is_crowded=is_crowded)
        self._end = time.monotonic() + TOGETHER_SECONDS

    def measure(self) -> MeshFacts:
        """``MeshError`` for what cannot be read."""
        return MeshFacts(**self._run("measure", {}, what="measured").content["answer"]["facts"])

    def draw(self) -> bytes:
        """A WebP picture, or ``MeshError``."""
        return self._run("draw", {}, what="drawn").blob

    def convert(self, result: IO[bytes], *, format: str, name: str, longest_edge_mm: float | None = None) -> None:
        """Write the model in another format, or ``MeshError``."""
        arguments = {"format": format, "name": name, "longest_edge_mm": longest_edge_mm}
        self._run("convert", arguments, what=f"converted to {format.upper()}", result=result)

    def _run(self, task: str, arguments: Mapping[str, Any], *, what: str, result: IO[bytes] | None = None) -> Message:
        more = [] if result is None else [result.fileno()]
        try:
            with open_descriptor(self._model) as descriptor:
                left = self._end - time.monotonic()
                answer = self._pool.run(task, arguments, files=[descriptor, *more], seconds=max(left, 0.1))
        except ChildError as error:
            raise _refuse(what) from error
        if refused := answer.content["answer"].get("refused"):
            raise MeshError(refused["code"], refused["message"], refused["hint"])
        return answer


def _choose_pool(*, is_crowded: bool) -> Pool:
    chosen, other = (_crowd_pool, _pool) if is_crowded else (_pool, _crowd_pool)
    other.stop()  # one child is in memory at a time
    return chosen


def _refuse(what: str) -> MeshError:
    return MeshError(
        "conversion_failed",
        f"The model could not be {what} within our limits of memory and time.",
        "Download the GLB; it is delivered unchanged.",
    )
