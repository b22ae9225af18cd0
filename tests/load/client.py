"""How does a load come in? Plain HTTP/1.1 over asyncio: the generator shares the cores with what it measures."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

BOUNDARY = "load-6d7f1c"
LONGEST_SECONDS = 120
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def code(self) -> str:
        """The status, and for a refusal its error code."""
        if self.status < 400:
            return str(self.status)
        try:
            return f"{self.status} {json.loads(self.body)['error_code']}"
        except (ValueError, KeyError, TypeError):
            return str(self.status)

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One connection that is kept; one request at a time."""

    def __init__(self, url: str, *, key: str = "") -> None:
        place = urlsplit(url)
        self._host, self._port = str(place.hostname), int(place.port or 80)
        self._credentials = f"Authorization: Bearer {key}\r\n" if key else ""
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, method: str, path: str, *, parts: Sequence[bytes] = (), content_type: str = "") -> Answer:
        """``parts``: the body, in pieces that are not copied together."""
        began = time.perf_counter()
        async with asyncio.timeout(LONGEST_SECONDS):
            reader, writer = await self._connect()
            writer.write(self._build_head(method, path, length=sum(map(len, parts)), content_type=content_type))
            reading = asyncio.create_task(_read_answer(reader))
            try:
                await _write(writer, parts, until=reading)
                status, headers, body = await reading
            finally:
                reading.cancel()
        if headers.get("connection") == "close":
            self.close()
        return Answer(status=status, headers=headers, body=body, seconds=time.perf_counter() - began)

    async def open_stream(self, path: str) -> tuple[int, asyncio.StreamReader]:
        """The status of an answer that does not end, and where its lines come from."""
        reader, writer = await self._connect()
        writer.write(self._build_head("GET", path, length=0, content_type=""))
        status, _ = await _read_head(reader)
        return status, reader

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None or self._writer.is_closing():
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 22)
        return self._reader, self._writer

    def _build_head(self, method: str, path: str, *, length: int, content_type: str) -> bytes:
        kind = f"Content-Type: {content_type}\r\n" if content_type else ""
        size = f"Content-Length: {length}\r\n" if length else ""
        return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._credentials}{kind}{size}\r\n".encode()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _write(writer: asyncio.StreamWriter, parts: Sequence[bytes], *, until: asyncio.Task[Any]) -> None:
    """A server that has answered already reads no more."""
    for part in parts:
        for start in range(0, len(part), PIECE_BYTES):
            if until.done():
                return
            writer.write(part[start : start + PIECE_BYTES])
            try:
                await writer.drain()
            except ConnectionError:
                return


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split(" ")[1]), headers


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    status, headers = await _read_head(reader)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int((await reader.readline()).strip(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return status, headers, body
    return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))


def build_form(files: Sequence[bytes], *, field: str = "files", fields: dict[str, str] | None = None) -> list[bytes]:
    """The pieces of a form with these files."""
    pieces = []
    for number, data in enumerate(files):
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="photo-{number}.jpg"'
        pieces += [f"{head}\r\nContent-Type: image/jpeg\r\n\r\n".encode(), data, b"\r\n"]
    for name, value in (fields or {}).items():
        pieces.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    return [*pieces, f"--{BOUNDARY}--\r\n".encode()]


FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


async def repeat(
    work: Callable[[Connection, int], Awaitable[Answer]], *, connections: Sequence[Connection], count: int
) -> list[Answer]:
    """``count`` requests, shared out among the connections as each gets free."""
    numbers = iter(range(count))
    answers: list[Answer] = []

    async def run(connection: Connection) -> None:
        for number in numbers:
            answers.append(await work(connection, number))

    try:
        await asyncio.gather(*(run(connection) for connection in connections))
    finally:
        for connection in connections:
            connection.close()
    return answers
