"""What is a downloaded file, and where is it kept? Checked before anything is made of it."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from jobs import catalog, files, images, meshes
from jobs.confined import pictures
from jobs.engines.fal import Download
from jobs.models import Attempt
from jobs.services.runs import NewArtifact

GLB = "glb"
PREVIEW_SIDE = 1024
FORGOTTEN_SECONDS = 1800
LARGE_BYTES = 16 << 20
_large_ones = threading.Lock()  # one large model in memory at a time
# Kept as they are, with a note, when the engine makes no GLB.
RAW_TYPES = {
    "fbx": "application/octet-stream",
    "zip": "application/zip",
    "obj": "model/obj",
    "stl": "model/stl",
    "ply": "model/ply",
    "usdz": "model/vnd.usdz+zip",
    "splat": "application/octet-stream",
}


def place_for(attempt: Attempt) -> Path:
    """The same for every try, so that what a dead worker left is written over."""
    return Path(settings.FILE_UPLOAD_TEMP_DIR) / f"fal-{attempt.token}"


def remove_download(attempt: Attempt) -> None:
    place_for(attempt).unlink(missing_ok=True)


def remove_forgotten_downloads() -> int:
    """Of workers that died; how many. A living one is done with its download long before."""
    latest, removed = time.time() - FORGOTTEN_SECONDS, 0
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("fal-*"):
        with suppress(FileNotFoundError):  # gone meanwhile
            if path.stat().st_mtime < latest:
                path.unlink()
                removed += 1
    return removed


def check_model(download: Download, *, attempt: Attempt, url: str) -> str:
    """The format of a sound model; ``MeshError`` for anything else."""
    wanted = expect_format(attempt, url)
    if download.kind == "fbx" or (wanted != GLB and download.kind != GLB and download.size > 0):
        return download.kind or wanted
    with _large_ones if download.size > LARGE_BYTES else nullcontext():
        meshes.check_glb(download.path.read_bytes())
    return GLB


def expect_format(attempt: Attempt, url: str) -> str:
    """What these options make, or what the file calls itself, where that is no GLB."""
    made = catalog.find_result_format(catalog.ENGINES[attempt.engine], options=attempt.generation.options)
    if made in RAW_TYPES:
        return made
    ending = Path(urlsplit(url).path).suffix.lstrip(".").lower()
    return ending if ending in RAW_TYPES else GLB


def store_model(attempt: Attempt, download: Download, kind: str) -> NewArtifact:
    generation = attempt.generation
    role, name = ("model", "model.glb") if kind == GLB else ("raw", f"raw.{kind}")
    path = f"{files.attempt_folder(generation.pk, attempt.number)}/{name}"
    files.store_file(path, download.path)
    return NewArtifact(
        role=role,
        format=kind,
        path=path,
        filename=f"{generation.name}.{kind}",
        content_type=catalog.FORMATS[GLB].content_type if kind == GLB else RAW_TYPES[kind],
        size=download.size,
        sha256=download.sha256,
    )


def make_preview(attempt: Attempt, download: Download) -> NewArtifact | None:
    """A picture of FAL's, made anew: nothing of the file itself is shown."""
    try:
        with download.path.open("rb") as file:
            data = pictures.make_thumbnail(file, side=PREVIEW_SIDE)
    except images.ImageError:
        return None
    return keep_bytes(attempt, role="preview", extension="webp", content_type="image/webp", data=data)


def keep_bytes(attempt: Attempt, *, role: str, extension: str, content_type: str, data: bytes) -> NewArtifact:
    generation = attempt.generation
    path = f"{files.attempt_folder(generation.pk, attempt.number)}/{role}.{extension}"
    files.write_file(path, data)
    return NewArtifact(
        role=role,
        format=extension,
        path=path,
        filename=f"{generation.name}.{role}.{extension}",
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
