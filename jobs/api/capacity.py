"""How many large bodies may come in at once? So many on this machine, whichever of its web processes they reach."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from jobs.errors import JobError

LARGE_BYTES = 20_000_000
LARGE_AT_ONCE = 4  # of 260 MB each: 1 GB as they came and 1 GB as their files
RETRY_SECONDS = 10


@contextmanager
def take_place() -> Iterator[None]:
    """One of the places for large bodies, or ``JobError`` ``upload_capacity`` when all are taken."""
    descriptor = _lock_any()
    if descriptor is None:
        raise JobError(
            "upload_capacity",
            "As many large uploads as this server takes at once are coming in already.",
            hint=f"Send it again in {RETRY_SECONDS} s, or fewer pictures at a time.",
            retry_after=RETRY_SECONDS,
        )
    try:
        yield
    finally:
        os.close(descriptor)


def _lock_any() -> int | None:
    """A lock of the system's ends with the process that holds it, however it ends."""
    for number in range(LARGE_AT_ONCE):
        place = Path(settings.FILE_UPLOAD_TEMP_DIR) / f".large-{number}"
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        else:
            return descriptor
    return None
