"""How is a stranger's picture looked at? By a child process with limits; what ends it is the picture's fault."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

from jobs.confined.child import ChildError, Kind
from jobs.confined.descriptors import open_descriptor
from jobs.confined.limits import MEGABYTE, Limits
from jobs.confined.pool import Pool
from jobs.confined.wire import Message
from jobs.images import ImageError, ImageFacts, ImageLimits, NormalisedImage, errors
from jobs.images.filenames import show_filename
from jobs.images.inspection import Examined
from jobs.images.limits import DEFAULT_LIMITS
from jobs.images.rendering import MAX_NORMALISED_SIDE, THUMBNAIL_SIDE

# A WebP of 50 megapixels takes 770 MB while it is decoded, a palette PNG of 50 megapixels 20 s on a slow machine.
CHILD = Kind(
    tasks="jobs.confined.picture_tasks",
    limits=Limits(memory_bytes=1024 * MEGABYTE, seconds=30),
    wall_seconds=120,
    idle_seconds=10,
)
_pool = Pool(CHILD)
_large_turns = threading.BoundedSemaphore(1)  # two large pictures at once would take 1.5 GB


class NoChildError(OSError):
    """No child process can be started now, and why. The picture is not to blame."""


def examine(file: IO[Any] | bytes, *, filename: str, limits: ImageLimits = DEFAULT_LIMITS) -> Examined:
    """Facts and thumbnail of a picture that can be decoded to its end, or ``ImageError``."""
    name = show_filename(filename)
    arguments = {"filename": filename, "limits": asdict(limits)}
    answer = _ask("examine", arguments, file=file, name=name)
    return Examined(facts=ImageFacts(**answer.content["answer"]["facts"]), thumbnail=answer.blob)


def normalise(file: IO[Any] | bytes, *, max_side: int = MAX_NORMALISED_SIDE) -> NormalisedImage:
    """The same picture as engines want it, or ``ImageError``."""
    answer = _ask("normalise", {"max_side": max_side}, file=file, name="The picture")
    return NormalisedImage(data=answer.blob, **answer.content["answer"]["image"])


def make_thumbnail(file: IO[Any] | bytes, *, side: int = THUMBNAIL_SIDE) -> bytes:
    """A WebP no larger than ``side`` either way, or ``ImageError``."""
    return _ask("make_thumbnail", {"side": side}, file=file, name="The picture").blob


def _ask(task: str, arguments: Mapping[str, Any], *, file: IO[Any] | bytes, name: str) -> Message:
    """At first as if it were a light picture; a child that sees a heavy one says so at once."""
    with open_descriptor(file) as descriptor:
        answer = _run(task, {**arguments, "may_be_large": False}, descriptor=descriptor, name=name)
        if not answer.content["answer"].get("is_large"):
            return answer
        with _large_turns:
            return _run(task, {**arguments, "may_be_large": True}, descriptor=descriptor, name=name)


def _run(task: str, arguments: Mapping[str, Any], *, descriptor: int, name: str) -> Message:
    try:
        answer = _pool.run(task, arguments, files=[descriptor])
    except OSError as error:  # no memory or no process left on this machine
        raise NoChildError(error.errno, error.strerror) from error
    except ChildError as error:
        raise errors.refuse_unreadable(name) from error  # what its reader did not survive is not looked at again
    if refused := answer.content["answer"].get("refused"):
        raise ImageError(refused["code"], refused["message"], refused["hint"])
    return answer
