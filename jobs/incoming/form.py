"""Which fields and files did the caller send? File names as they were sent; large files wait on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, BinaryIO, cast

from django.conf import settings
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.http import parse_header_parameters

from image2model.storage import open_nameless
from jobs.errors import JobError
from jobs.incoming.multipart import CutOffError, Head, MalformedError, Readable, read_parts
from jobs.services import Upload

MAX_PARTS = 100  # files; the limit of a job is lower and named by the services
MAX_IN_MEMORY = 256 * 1024
OVERHEAD_BYTES = 10 * 1024 * 1024  # of a form, beside its files


@dataclass(frozen=True, kw_only=True)
class SentFile(Upload):
    """A file of a form; closed with the request."""

    def close(self) -> None:
        self.file.close()


def read_form(stream: Readable, *, content_type: str, length: int) -> tuple[QueryDict, MultiValueDict[str, SentFile]]:
    """Fields and files of a ``multipart/form-data`` body, or ``JobError``; the files are the caller's to close."""
    _check_size(length)
    counted = _CountingStream(stream)
    try:
        return _Form().read(read_parts(counted, boundary=_read_boundary(content_type)))
    except CutOffError as error:
        raise _refuse_cut(complete=counted.size >= length) from error
    except MalformedError as error:
        raise JobError("malformed_multipart", f"The form could not be read. {error}") from error


def _check_size(length: int) -> None:
    limit = max_form_bytes()
    if length > limit:
        raise refuse_size(limit)


def max_form_bytes() -> int:
    return settings.MAX_FILES * settings.MAX_FILE_BYTES + OVERHEAD_BYTES


def _read_boundary(media_type: str) -> bytes:
    _, parameters = parse_header_parameters(media_type)
    boundary = parameters.get("boundary", "")
    if not (0 < len(boundary) <= 200 and boundary.isascii()):
        raise MalformedError("The content type names no boundary.")
    return boundary.encode()


def refuse_size(limit: int) -> JobError:
    return JobError(
        "request_too_large", f"The request is too large: the limit is {limit:,} bytes.", details={"limit_bytes": limit}
    )


def _refuse_cut(*, complete: bool) -> JobError:
    if complete:
        return JobError("malformed_multipart", "The form has no closing boundary; files may be missing.")
    return JobError("incomplete_upload", "The upload ended early.", hint="Send it again.")


class _CountingStream:
    """How much has come?"""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.size = 0

    def read(self, size: int, /) -> bytes:
        chunk = self._stream.read(size)
        self.size += len(chunk)
        return chunk


class _Form:
    """The fields and files read so far."""

    def __init__(self) -> None:
        self._fields = QueryDict(mutable=True)
        self._files: MultiValueDict[str, SentFile] = MultiValueDict()
        self._number = {"fields": 0, "files": 0}
        self._text_left = settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def read(self, parts: Iterator[tuple[Head, Iterator[bytes]]]) -> tuple[QueryDict, MultiValueDict[str, SentFile]]:
        try:
            for head, content in parts:
                if head.filename is None:
                    self._add_field(head.name, content)
                else:
                    self._add_file(head.name, head.filename, content)
        except BaseException:
            self._close()
            raise
        return self._fields, self._files

    def _add_field(self, name: str, content: Iterator[bytes]) -> None:
        self._count("fields", limit=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS)
        data = b""
        for chunk in content:
            data += chunk
            self._text_left -= len(chunk)
            if self._text_left < 0:
                raise refuse_size(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            self._fields.appendlist(name, data.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise JobError("malformed_multipart", f"The field {name[:80]!r} is not text in UTF-8.") from error

    def _add_file(self, name: str, filename: str, content: Iterator[bytes]) -> None:
        self._count("files", limit=MAX_PARTS)
        file, size = _take_in(content, most=settings.MAX_FILE_BYTES + 1)  # one too many is enough to see it
        if not filename and size == 0:  # a file input of a page in which nothing was chosen
            file.close()
        else:
            self._files.appendlist(name, SentFile(filename=filename, file=cast(BinaryIO, file)))

    def _count(self, kind: str, *, limit: int) -> None:
        self._number[kind] += 1
        if self._number[kind] > limit:
            raise JobError(f"too_many_{kind}", f"There are too many {kind}: more than {limit}.")

    def _close(self) -> None:
        for _, files in self._files.lists():
            for file in files:
                file.close()


def _take_in(content: Iterator[bytes], *, most: int) -> tuple[IO[bytes], int]:
    """What comes, up to so many bytes, and their number: in memory while it is little, then on the disk."""
    file: IO[bytes] = BytesIO()
    try:
        for chunk in content:
            if isinstance(file, BytesIO) and file.tell() + len(chunk) > MAX_IN_MEMORY:
                file = _move_to_disk(file)
            file.write(chunk[: max(0, most - file.tell())])
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    return file, size


def _move_to_disk(file: BytesIO) -> IO[bytes]:
    """Into the folder of what comes in: from there it can become a stored file without being copied."""
    moved = open_nameless(settings.FILE_UPLOAD_TEMP_DIR)
    moved.write(file.getbuffer())
    return moved
