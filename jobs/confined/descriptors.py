"""How does a child process get at a file? By a descriptor of it, whatever it is for us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any


@contextmanager
def open_descriptor(file: IO[Any] | bytes) -> Iterator[int]:
    """Bytes that are in memory go through a file without a name. Where the file stands is of no matter."""
    if isinstance(file, bytes):
        with TemporaryFile() as copy:
            copy.write(file)
            copy.flush()
            yield copy.fileno()
        return
    try:
        descriptor = file.fileno()
    except (OSError, AttributeError):  # io.UnsupportedOperation is an OSError
        with open_descriptor(_read_whole(file)) as descriptor:
            yield descriptor
        return
    file.flush()
    yield descriptor


def _read_whole(file: IO[Any]) -> bytes:
    file.seek(0)
    data: bytes = file.read()
    file.seek(0)
    return data
