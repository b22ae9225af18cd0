"""Where do arriving bytes go? Into a file beside the final one, which takes its place only when it is whole."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

_KINDS = (
    (b"glTF", "glb"), (b"PK\x03\x04", "zip"), (b"Kaydara FBX Binary", "fbx"), (b"\x89PNG\r\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
)  # fmt: skip
_START_BYTES = 512


class Sink:
    """Blocking: its verbs belong in a thread. Nothing is opened before the first write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._digest = hashlib.sha256()
        self._start = b""
        self._descriptor: int | None = None
        self._is_over = False
        # A cancelled download discards while the thread of its last write may still be at work.
        self._turn = threading.Lock()
        self.size = 0

    def write(self, data: bytes) -> None:
        with self._turn:
            self._write(data)

    def complete(self) -> None:
        with self._turn:
            self._write(b"")  # an empty file is a file too
            assert self._descriptor is not None
            os.fsync(self._descriptor)
            self._close()
            self._part.replace(self._path)

    def discard(self) -> None:
        """What is left of a file that did not become whole."""
        with self._turn:
            self._close()
            self._part.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        if self._is_over:
            raise ValueError("the file is closed")
        if self._descriptor is None:
            self._descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        self._start = (self._start + data[:_START_BYTES])[:_START_BYTES]
        self._digest.update(data)
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @property
    def kind(self) -> str:
        """From the first bytes: FAL sends models as ``application/octet-stream``."""
        if self._start[:4] == b"RIFF" and self._start[8:12] == b"WEBP":
            return "webp"
        return next((kind for magic, kind in _KINDS if self._start.startswith(magic)), "")

    @property
    def looks_like_a_page(self) -> bool:
        return self._start.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))

    def _close(self) -> None:
        self._is_over = True
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
