"""Where do the bytes live? Paths of pictures and artifacts, and safe writing and removal through the storage."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from image2model.ops import tracing
from jobs.failpoints import failpoint

logger = logging.getLogger(__name__)

IMAGES, ARTIFACTS = "images", "artifacts"


def image_path(owner_id: int, sha256: str, extension: str) -> str:
    """By content: the same picture of the same owner is the same file, however often it arrives."""
    return f"{IMAGES}/{owner_id}/{sha256[:2]}/{sha256}.{extension}"


def thumbnail_path(owner_id: int, sha256: str) -> str:
    return f"{IMAGES}/{owner_id}/{sha256[:2]}/{sha256}.thumbnail.webp"


def attempt_folder(generation_id: UUID, attempt: int) -> str:
    """All files of one try lie together, so that what a dead worker left behind can be swept away with it."""
    return f"{ARTIFACTS}/{generation_id}/{attempt}"


def write_file(path: str, data: bytes) -> None:
    """Store the bytes under exactly this name; a file of that name is replaced whole, never seen half."""
    _save(path, ContentFile(data))


def store_file(path: str, source: Path) -> None:
    """As ``write_file``, from a file on the disk, however large."""
    with source.open("rb") as file:
        _save(path, File(file))


def copy_file(path: str, source: IO[Any]) -> None:
    """As ``write_file``, from an open file, wherever it stands."""
    _save(path, File(source))


def _save(path: str, content: File[Any]) -> None:
    failpoint("store.before_write")
    with tracing.trace("store file", bytes=content.size):
        stored = default_storage.save(path, content)
    failpoint("store.after_write")
    if stored != path:
        default_storage.delete(stored)
        raise FileExistsError(path)


def read_file(path: str) -> bytes:
    with default_storage.open(path) as file:
        data: bytes = file.read()
    return data


def exists(path: str) -> bool:
    return default_storage.exists(path)


def delete_file(path: str) -> None:
    """Gone afterwards, whether it was there or not."""
    default_storage.delete(path)


def list_files(folder: str) -> Iterator[str]:
    """All paths below a folder."""
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in names)
    for name in folders:
        yield from list_files(f"{folder}/{name}")


def delete_folder(folder: str, *, keep: frozenset[str] = frozenset()) -> int:
    """Delete every file below a folder but those to keep; how many went."""
    doomed = [path for path in list_files(folder) if path not in keep]
    for path in doomed:
        default_storage.delete(path)
    return len(doomed)
