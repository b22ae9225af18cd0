"""How are files kept? Results so that nobody ever sees half of one, static files under names that never go stale."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StorageUnavailable(OSError):
    """The storage does not answer, or refuses: nothing is known to be wrong with the file itself."""


class DurableFileSystemStorage(FileSystemStorage):
    """Writes beside the final name, syncs to the disk, then renames: whole or absent, also after a power cut."""

    def _save(self, name: str, content: File) -> str:  # type: ignore[type-arg]
        final = Path(self.path(name))
        final.parent.mkdir(parents=True, exist_ok=True, mode=self.directory_permissions_mode or 0o777)
        partial = final.with_name(f".{uuid4().hex}.part")
        try:
            with partial.open("wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, final)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(final.parent)
        return name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed names in style sheets and templates. Source maps are neither collected nor looked for."""

    patterns = tuple(entry for entry in CompressedManifestStaticFilesStorage.patterns if entry[0] == "*.css")
