"""How are files kept in S3? Read in pieces from any place on, and with faults that say they are the storage's."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from image2model.storage import StorageUnavailable

BUFFER_BYTES = 256 * 1024
READ_TRIES = 3  # of a body that breaks off on the way
MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
# A storage that hangs must not hold up whoever waits for an answer. A PUT of the same bytes may be repeated.
CLIENT = Config(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 3})


@contextmanager
def tell_faults(name: str) -> Iterator[None]:
    """What the client library raises, as the error of a file."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in MISSING:
            raise FileNotFoundError(errno.ENOENT, "There is no such file", name) from error
        raise StorageUnavailable(errno.EIO, f"The storage refused: {error}", name) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnavailable(errno.EIO, f"The storage does not answer: {error}", name) from error


class ObjectStorage(S3Storage):
    """django-storages' S3, which reads a whole object before the first byte, without that."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_config = CLIENT.merge(Config(s3={"addressing_style": self.addressing_style}))

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            raise ValueError("Stored files are only read; they are written whole.")
        return File(io.BufferedReader(_Body(self, name), BUFFER_BYTES), name=name)

    def open_body(self, name: str, *, start: int) -> Any:
        key = self._normalize_name(name)
        return self.bucket.Object(key).get(Range=f"bytes={start}-")["Body"]

    def _save(self, name: str, content: Any) -> str:
        with tell_faults(name):
            answer: str = super()._save(name, content)
        return answer

    def delete(self, name: str) -> None:
        with tell_faults(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with tell_faults(name):
            answer: bool = super().exists(name)
        return answer

    def size(self, name: str) -> int:
        with tell_faults(name):
            answer: int = super().size(name)
        return answer

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with tell_faults(path):
            answer: tuple[list[str], list[str]] = super().listdir(path)
        return answer

    def get_modified_time(self, name: str) -> Any:
        with tell_faults(name):
            return super().get_modified_time(name)


class _Body(io.RawIOBase):
    """An object as a file: each seek asks for the rest from there on, and a body that breaks off is asked for again."""

    def __init__(self, storage: ObjectStorage, name: str) -> None:
        self._storage, self._name = storage, name
        self._size = storage.size(name)
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset != self._position:
            self._drop()
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size:
            return 0
        data = self._read(min(len(buffer), self._size - self._position))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, size: int) -> bytes:
        for tries_left in reversed(range(READ_TRIES)):
            try:
                with tell_faults(self._name):
                    if self._body is None:
                        self._body = self._storage.open_body(self._name, start=self._position)
                    data: bytes = self._body.read(size)
                if data:
                    return data
            except StorageUnavailable:
                if not tries_left:
                    raise
            self._drop()
        raise StorageUnavailable(errno.EIO, "The storage sent less than it has", self._name)

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        self._drop()
        super().close()
