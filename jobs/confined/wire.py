"""How do a process and its child talk? Messages of JSON and bytes over a pair of sockets; files go as descriptors."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_HEAD = struct.Struct(">II")
MAX_TEXT_BYTES = 1024 * 1024
MAX_BLOB_BYTES = 128 * 1024 * 1024
MAX_FILES = 4


class BrokenMessageError(Exception):
    """What came is no message of ours."""


@dataclass(frozen=True, kw_only=True)
class Message:
    content: dict[str, Any]
    blob: bytes = b""
    files: list[int] = field(default_factory=list)  # descriptors, the receiver's to close


def send_message(
    connection: socket.socket, content: Mapping[str, Any], *, blob: bytes = b"", files: Sequence[int] = ()
) -> None:
    text = json.dumps(content).encode()
    head = _HEAD.pack(len(text), len(blob))
    if files:
        socket.send_fds(connection, [head], list(files))
    else:
        connection.sendall(head)
    connection.sendall(text)
    if blob:
        connection.sendall(blob)


def receive_message(connection: socket.socket, *, takes_files: bool = False) -> Message | None:
    """The next message; None when the other side is gone. Files that nobody asked for are not taken."""
    files: list[int] = []
    if takes_files:
        head, files, _, _ = socket.recv_fds(connection, _HEAD.size, MAX_FILES)
        head += _receive(connection, _HEAD.size - len(head)) if head else b""
    else:
        head = _receive(connection, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    text_length, blob_length = _HEAD.unpack(head)
    if text_length > MAX_TEXT_BYTES or blob_length > MAX_BLOB_BYTES:
        raise BrokenMessageError(f"{text_length} and {blob_length} bytes")
    body = _receive(connection, text_length + blob_length)
    if len(body) < text_length + blob_length:
        return None
    return Message(content=_parse(body[:text_length]), blob=body[text_length:], files=files)


def _parse(text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BrokenMessageError("not JSON") from error
    if not isinstance(content, dict):
        raise BrokenMessageError("not an object")
    return content


def _receive(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer when the other side is gone."""
    pieces = []
    while size > 0:
        piece = connection.recv(min(size, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
