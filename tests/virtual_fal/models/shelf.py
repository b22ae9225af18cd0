"""Where does a file of a result come from? Made when first asked for, kept on disk, sent from there."""

from __future__ import annotations

import asyncio
import os
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .broken import BREAKERS
from .glb import Glb
from .local import is_local_engine_there, make_model, start_workers

VARIANTS = 8
_SMALL = 60_000  # the sound model that broken ones are made from
_MOST_REAL = 64 * 1024 * 1024  # larger files are a real model with zeros behind it


@dataclass(frozen=True)
class Wanted:
    """A file by what is in it: equal wishes share one file."""

    shape: str  # glb, a name of BREAKERS, a format of models/formats.py, or preview
    picture: str = ""  # sha256, decides the variant
    size: int = 500_000


class Shelf:
    def __init__(self, directory: Path, *, pictures: Path, models: str) -> None:
        self.directory = directory
        self.pictures = pictures
        self.uses_local = models == "local" and _warn_unless_there()
        self._locks: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[Path]] = set()
        self._workers: ProcessPoolExecutor | None = None
        directory.mkdir(parents=True, exist_ok=True)

    async def fetch(self, wanted: Wanted) -> Path:
        """The path of the file, made now if nobody asked for it before."""
        path = self.directory / self._name(wanted)
        if path.exists():
            return path
        async with self._locks.setdefault(path.name, asyncio.Lock()):
            if not path.exists():
                await self._make(wanted, path)
        self._locks.pop(path.name, None)
        return path

    def prepare(self, picture: str) -> None:
        """Let the local engine begin while the request runs, so that its result is there at the end."""
        wanted = Wanted("glb", picture)
        if self._is_local(wanted):
            task = asyncio.get_running_loop().create_task(self.fetch(wanted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._workers:
            self._workers.shutdown(wait=False, cancel_futures=True)

    async def _make(self, wanted: Wanted, path: Path) -> None:
        if self._is_local(wanted) and wanted.shape == "glb" and await self._make_local(wanted, path):
            return
        await asyncio.to_thread(_write, path, self._choose_writer(wanted))

    async def _make_local(self, wanted: Wanted, path: Path) -> bool:
        self._workers = self._workers or start_workers()
        picture = self.pictures / wanted.picture
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._workers, make_model, str(picture), str(path))

    def _choose_writer(self, wanted: Wanted) -> Callable[[Path], None]:
        variant = _choose_variant(wanted.picture)
        if wanted.shape == "glb":
            return lambda path: _write_glb(path, variant=variant, size=wanted.size)
        return lambda path: _write_bytes(path, self._make_bytes(wanted, variant=variant))

    def _make_bytes(self, wanted: Wanted, *, variant: int) -> bytes:
        if wanted.shape in BREAKERS:
            return BREAKERS[wanted.shape](_build_sound(variant))
        if wanted.shape == "preview":
            return self._make_preview(wanted, variant=variant)
        from .formats import write_format

        return write_format(wanted.shape, variant=variant)

    def _make_preview(self, wanted: Wanted, *, variant: int) -> bytes:
        from .previews import show_picture, show_sphere

        if self._is_local(wanted):
            return show_picture(self.pictures / wanted.picture)
        return show_sphere(variant=variant)

    def _is_local(self, wanted: Wanted) -> bool:
        return self.uses_local and bool(wanted.picture) and (self.pictures / wanted.picture).exists()

    def _name(self, wanted: Wanted) -> str:
        if self._is_local(wanted) and wanted.shape in {"glb", "preview"}:
            return f"{wanted.shape}-{wanted.picture}"
        return f"{wanted.shape}-{_choose_variant(wanted.picture)}-{wanted.size}"


def _choose_variant(picture: str) -> int:
    return zlib.crc32(picture.encode()) % VARIANTS


def _build_sound(variant: int) -> Glb:
    from .sphere import build_sphere

    return build_sphere(variant=variant, size=_SMALL)


def _write(path: Path, writer: Callable[[Path], None]) -> None:
    part = path.with_name(f"{path.name}.part")
    writer(part)
    part.replace(path)


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_glb(path: Path, *, variant: int, size: int) -> None:
    from .sphere import build_sphere

    if size <= _MOST_REAL:
        path.write_bytes(build_sphere(variant=variant, size=size).pack())
    else:
        _write_padded(path, build_sphere(variant=variant, size=4_000_000), size=size)


def _write_padded(path: Path, glb: Glb, *, size: int) -> None:
    """Exactly ``size`` bytes: the buffer grows by zeros that take no room on disk."""
    packed = bytearray(glb.pack())
    document_end = 20 + int.from_bytes(packed[12:16], "little")
    packed[8:12] = size.to_bytes(4, "little")
    binary_length = (size - document_end - 8) // 4 * 4
    packed[document_end : document_end + 4] = binary_length.to_bytes(4, "little")
    path.write_bytes(packed)
    os.truncate(path, size)


def _warn_unless_there() -> bool:
    if not is_local_engine_there():
        sys.stderr.write("virtual FAL: jobs.engines.local cannot be imported, models are spheres\n")
        return False
    return True
