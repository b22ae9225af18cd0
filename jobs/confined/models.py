"""What is made of a stranger's model? By a child process with limits; a model that ends it is not tried again."""

from __future__ import annotations

import time
from collections.abc import Mapping
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
    idle_seconds=10,
)
TOGETHER_SECONDS = 100  # all that is made of one model; the lease of who makes it is a little longer
_pool = Pool(CHILD, at_once=1)


class Workshop:
    """Measures, picture and formats of one model, within one time for all of them."""

    def __init__(self, model: IO[Any] | bytes) -> None:
        self._model = model
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
                answer = _pool.run(task, arguments, files=[descriptor, *more], seconds=max(left, 0.1))
        except ChildError as error:
            raise _refuse(what) from error
        if refused := answer.content["answer"].get("refused"):
            raise MeshError(refused["code"], refused["message"], refused["hint"])
        return answer


def _refuse(what: str) -> MeshError:
    return MeshError(
        "conversion_failed",
        f"The model could not be {what} within our limits of memory and time.",
        "Download the GLB; it is delivered unchanged.",
    )
