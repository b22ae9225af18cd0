"""How is what a worker made kept? Bytes or a file, under the folder of the attempt, with size and checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any
from uuid import UUID

from django.conf import settings

from jobs import catalog, files
from jobs.confined.models import Workshop
from jobs.meshes.facts import MeshFacts
from jobs.models import Artifact, Generation
from jobs.services.runs import NewArtifact

_PICTURES = {"webp": "image/webp", "png": "image/png"}


def store(
    generation: Generation, *, role: str, format_id: str, data: bytes, facts: MeshFacts | None = None
) -> NewArtifact:
    extension = catalog.FORMATS[format_id].extension if role == "model" else f".{format_id}"
    path = f"{files.attempt_folder(generation.pk, generation.attempt)}/{role}{extension}"
    files.write_file(path, data)
    return NewArtifact(
        role=role,
        format=format_id,
        path=path,
        filename=f"{generation.name}{extension}" if role == "model" else f"{generation.name}.{role}{extension}",
        content_type=catalog.FORMATS[format_id].content_type if role == "model" else _PICTURES[format_id],
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        faces=facts.faces if facts else None,
        vertices=facts.vertices if facts else None,
        watertight=facts.watertight if facts else None,
        bounds=facts.bounds if facts else None,
    )


def convert_and_store(
    workshop: Workshop,
    generation: Generation,
    *,
    format_id: str,
    source: Artifact,
    name: str | UUID = "model",
    options: Mapping[str, Any] | None = None,
) -> NewArtifact:
    """The model in another format, made by a child process; ``MeshError`` when that cannot be."""
    entry = catalog.FORMATS[format_id]
    path = f"{files.attempt_folder(generation.pk, generation.attempt)}/{name}{entry.extension}"
    with _open_result() as result:
        edge = (options or {}).get("longest_edge_mm")
        workshop.convert(result, format=format_id, name=generation.name, longest_edge_mm=edge)
        made = Path(result.name)
        files.store_file(path, made)
        size, sha256 = made.stat().st_size, _hash(made)
    return NewArtifact(
        role="model",
        format=format_id,
        path=path,
        filename=f"{generation.name}{entry.extension}",
        content_type=entry.content_type,
        size=size,
        sha256=sha256,
        faces=source.faces,
        vertices=source.vertices,
        watertight=source.watertight,
        bounds=source.bounds,
        options=dict(options or {}),
    )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _open_result() -> Iterator[IO[bytes]]:
    """What a killed worker leaves of it is removed by the clean-up of what came in and broke off."""
    with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="made-") as result:
        yield result
