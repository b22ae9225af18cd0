"""Which parts does a ``multipart/form-data`` body hold? All of them, or an error: nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from django.utils.http import parse_header_parameters

CHUNK_BYTES = 64 * 1024
MAX_HEAD_BYTES = 8 * 1024


class MalformedError(ValueError):
    """The body does not hold together."""


class CutOffError(MalformedError):
    """The body ends before its closing boundary."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a part says of itself. ``filename`` is None for a plain field."""

    name: str
    filename: str | None


def read_parts(stream: Readable, *, boundary: bytes) -> Iterator[tuple[Head, Iterator[bytes]]]:
    """Each part with its content, which has to be read before the next part."""
    scanner = _Scanner(stream, boundary)
    if any(chunk.strip() for chunk in scanner.read_to_delimiter()):
        raise MalformedError("There is text before the first part.")
    while scanner.has_part():
        yield parse_head(scanner.read_head()), scanner.read_to_delimiter()
    scanner.expect_end()


class _Scanner:
    """Finds the delimiters in a stream, holding no more than two chunks of it."""

    def __init__(self, stream: Readable, boundary: bytes) -> None:
        self._stream = stream
        self._delimiter = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # so that the first delimiter looks like all others

    def read_to_delimiter(self) -> Iterator[bytes]:
        while (found := self._buffer.find(self._delimiter)) < 0:
            safe = max(0, len(self._buffer) - len(self._delimiter) + 1)
            if safe:
                yield self._take(safe)
            self._read_more()
        if found:
            yield self._take(found)
        self._take(len(self._delimiter))

    def has_part(self) -> bool:
        """After a delimiter: does a part follow, or is this the end?"""
        while len(self._buffer) < 2:
            self._read_more()
        if self._buffer.startswith(b"--"):
            self._take(2)
            return False
        if not self._buffer.startswith(b"\r\n"):
            raise MalformedError("A boundary is followed by other text.")
        return True

    def read_head(self) -> bytes:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0 and len(self._buffer) < MAX_HEAD_BYTES:
            self._read_more()
        if not 0 < end <= MAX_HEAD_BYTES:
            raise MalformedError("A part has no head, or too long a one.")
        return self._take(end + 4)[2:-4]

    def expect_end(self) -> None:
        if (self._buffer + self._stream.read(CHUNK_BYTES)).strip():
            raise MalformedError("There is text after the last part.")

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _read_more(self) -> None:
        chunk = self._stream.read(CHUNK_BYTES)
        if not chunk:
            raise CutOffError("The body ends without its closing boundary.")
        self._buffer += chunk


def parse_head(block: bytes) -> Head:
    headers = dict(_split_headers(block))
    kind, parameters = _parse_parameters(headers.get(b"content-disposition", b""))
    if kind != "form-data" or not parameters.get("name"):
        raise MalformedError("A part has no name.")
    if headers.get(b"content-transfer-encoding", b"binary").lower() not in (b"binary", b"8bit", b"7bit"):
        raise MalformedError("A part has a transfer encoding.")
    return Head(name=parameters["name"], filename=parameters.get("filename"))


def _split_headers(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in block.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or not name.strip():
            raise MalformedError("A part has a broken head.")
        yield name.strip().lower(), value.strip()


def _parse_parameters(value: bytes) -> tuple[str, dict[str, str]]:
    try:
        return parse_header_parameters(value.decode("utf-8", "replace"))
    except (ValueError, LookupError) as error:
        raise MalformedError("A part has a broken head.") from error
