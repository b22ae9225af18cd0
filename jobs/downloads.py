"""How do stored files reach people? Streamed in pieces, with checksum, range and a safe way of showing them."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import IO, Any, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from jobs.errors import JobError
from jobs.models import Artifact, SourceImage

logger = logging.getLogger(__name__)

Value = TypeVar("Value")
CHUNK_BYTES = 64 * 1024
RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
IMAGE_EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}


class PiecewiseResponse(StreamingHttpResponse):
    """A body that is made piece by piece, under ASGI as well, where Django would collect it whole."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece


def serve_artifact(request: HttpRequest, artifact: Artifact, *, inline: bool = False) -> HttpResponseBase:
    """A stored result. ``inline`` only for what our own pages show: models in the viewer, pictures."""
    return _serve(
        request,
        artifact.path,
        content_type=artifact.content_type,
        filename=artifact.filename,
        etag=artifact.sha256,
        size=artifact.size,
        inline=inline,
    )


def serve_image(
    request: HttpRequest, image: SourceImage, *, filename: str = "", inline: bool = False
) -> HttpResponseBase:
    """An uploaded picture as it came."""
    name = filename or f"picture-{str(image.pk)[:8]}{IMAGE_EXTENSIONS[image.content_type]}"
    return _serve(
        request,
        image.path,
        content_type=image.content_type,
        filename=name,
        etag=image.sha256,
        size=image.size,
        inline=inline,
    )


def serve_thumbnail(request: HttpRequest, image: SourceImage) -> HttpResponseBase:
    """A small copy that we drew ourselves, for showing."""
    etag = f"{image.sha256}-thumbnail"
    return _serve(
        request, image.thumbnail_path, content_type="image/webp", filename="thumbnail.webp", etag=etag, inline=True
    )


def _serve(
    request: HttpRequest,
    path: str,
    *,
    content_type: str,
    filename: str,
    etag: str,
    size: int | None = None,
    inline: bool,
) -> HttpResponseBase:
    """``size``: what the row says; a file of another size was cut off or replaced, and is not given out."""
    quoted = f'"{etag}"'
    if _is_known(request, etag=quoted):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        response = _send(request, path, content_type=content_type, etag=quoted, recorded=size)
        response["Content-Disposition"] = content_disposition_header(not inline, filename) or "inline"
        response["Accept-Ranges"] = "bytes"
    response["ETag"] = quoted
    return protect(response, inline=inline)


def _is_known(request: HttpRequest, *, etag: str) -> bool:
    """Does the caller have these bytes already? Compared weakly, as the header is meant."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in {entry.removeprefix("W/") for entry in known}


def protect(response: HttpResponseBase, *, inline: bool = False) -> HttpResponseBase:
    """Whatever is in the file, a browser neither guesses nor runs it, and no shared cache keeps it."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    response["Cache-Control"] = "private, max-age=0, must-revalidate" if inline else "private, no-store"
    return response


def _send(request: HttpRequest, path: str, *, content_type: str, etag: str, recorded: int | None) -> HttpResponseBase:
    if settings.ACCEL_LOCATION:
        return _hand_over(request, path, content_type=content_type, etag=etag, recorded=recorded)
    file = open_stored(path)
    size = file.size
    try:
        _check_size(path, size=size, recorded=recorded)
        wanted = _read_range(request, size=size, etag=etag)
    except JobError:
        file.close()
        raise
    start, stop = wanted or (0, size)
    if request.method == "HEAD":
        file.close()
        response: HttpResponseBase = HttpResponse(content_type=content_type)
    else:
        response = PiecewiseResponse(Pieces(file, start=start, stop=stop), content_type=content_type)
    response["Content-Length"] = str(stop - start)
    if wanted:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _hand_over(request: HttpRequest, path: str, *, content_type: str, etag: str, recorded: int | None) -> HttpResponse:
    """Only the permission comes from here: nginx sends the bytes, and the range that is asked for."""
    size: int = read_stored(lambda: default_storage.size(path), path=path)
    _check_size(path, size=size, recorded=recorded)
    _read_range(request, size=size, etag=etag)  # refused by us, in our words
    response = HttpResponse(content_type=content_type)
    response["X-Accel-Redirect"] = settings.ACCEL_LOCATION + quote(path)
    return response


def open_stored(path: str) -> Any:
    """The file of an existing row, or ``JobError`` ``file_unavailable``."""
    return read_stored(lambda: default_storage.open(path), path=path)


def read_stored(look: Callable[[], Value], *, path: str) -> Value:
    try:
        return look()
    except OSError as error:
        logger.error("A recorded file cannot be read: %s", path, exc_info=error)
        raise _refuse_unavailable() from error


def _check_size(path: str, *, size: int, recorded: int | None) -> None:
    if recorded is not None and size != recorded:
        logger.error("A recorded file has another size: %s has %d bytes instead of %d", path, size, recorded)
        raise _refuse_unavailable()


def _refuse_unavailable() -> JobError:
    return JobError(
        "file_unavailable",
        "The file cannot be read at the moment.",
        hint="Try again later; the administrator has been told.",
        retry_after=60,
    )


def is_whole(path: str, *, size: int) -> bool:
    """Is a recorded file there, in its size? Its bytes are for ``sweep --check``."""
    try:
        return bool(default_storage.size(path) == size)
    except OSError:
        return False


class Pieces(Iterator[bytes]):
    """The bytes of a file from ``start`` to ``stop``. Closed at its end, or with an answer that nobody reads."""

    def __init__(self, file: IO[bytes], *, start: int = 0, stop: int) -> None:
        self._file = file
        self._left = stop - start
        file.seek(start)

    def __next__(self) -> bytes:
        piece = self._file.read(min(CHUNK_BYTES, self._left)) if self._left else b""
        self._left -= len(piece)
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        self._file.close()


def _read_range(request: HttpRequest, *, size: int, etag: str) -> tuple[int, int] | None:
    """Start and stop of the one range that is asked for; None for the whole file. Several are answered by the whole."""
    match = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or match[0] == "bytes=-" or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if last and first and int(last) < int(first):
        return None
    if start >= stop:
        raise JobError(
            "range_not_satisfiable", f"The file has {size} bytes.", details={"size": size, "range": match[0]}
        )
    return start, stop
