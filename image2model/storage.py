"""How are files kept? Results so that nobody ever sees half of one, static files under names that never go stale."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import uuid4

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from jobs.failpoints import failpoint


class StorageUnavailable(OSError):
    """The storage does not answer, or refuses: nothing is known to be wrong with the file itself."""


class DurableFileSystemStorage(FileSystemStorage):
    """Writes beside the final name, syncs to the disk, then renames: whole or absent, also after a power cut."""

    def _save(self, name: str, content: File) -> str:  # type: ignore[type-arg]
        final = Path(self.path(name))
        final.parent.mkdir(parents=True, exist_ok=True, mode=self.directory_permissions_mode or 0o777)
        partial = final.with_name(f".{uuid4().hex}.part")
        try:
            if not give_name(content.file, partial):
                _copy(content, partial)
            os.replace(partial, final)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(final.parent)
        return name


def _copy(content: File, place: Path) -> None:  # type: ignore[type-arg]
    with place.open("wb") as file:
        for chunk in content.chunks():
            file.write(chunk)
        file.flush()
        _sync(file.fileno())


def open_nameless(folder: str) -> IO[bytes]:
    """A new file in this folder that nobody can find; it is gone when it is closed, unless it was given a name."""
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except (OSError, AttributeError):  # not every file system and not every platform has such
        return TemporaryFile(dir=folder)
    return os.fdopen(descriptor, "w+b")


def give_name(file: IO[Any] | None, place: Path) -> bool:
    """Did a nameless file become this one, without a copy, safe on the disk? Not on another disk, and not a file that
    is somebody's already."""
    try:
        descriptor = file.fileno() if file else -1
        if descriptor < 0 or os.fstat(descriptor).st_nlink:
            return False
    except (OSError, AttributeError):  # it is in memory; io.UnsupportedOperation is an OSError
        return False
    assert file is not None
    file.flush()
    try:
        # Any folder descriptor makes Python take the call that follows the link to the file behind it.
        os.link(f"/proc/self/fd/{descriptor}", place, src_dir_fd=descriptor)
    except OSError:
        return False
    _sync(descriptor)
    return True


def _sync(descriptor: int) -> None:
    failpoint("store.sync")
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed names in style sheets and templates. Source maps are neither collected nor looked for."""

    patterns = tuple(entry for entry in CompressedManifestStaticFilesStorage.patterns if entry[0] == "*.css")
