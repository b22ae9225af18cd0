"""How does a picture get in? Checked by content, stored once for each owner and content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from jobs import files, images
from jobs.errors import JobError
from jobs.models import SourceImage


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it came: its declared name and its bytes."""

    filename: str
    file: BinaryIO


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """A picture in the storage and the name it came with."""

    image: SourceImage
    filename: str


def store_images(owner: User, *, uploads: Sequence[Upload]) -> list[StoredImage]:
    """All pictures of an upload, or ``JobError`` naming every bad one, and nothing is kept."""
    check_number(len(uploads))
    checked = _check_all(uploads)
    return [_store(owner, upload=upload, facts=facts, filename=name) for upload, facts, name in checked]


def check_number(number: int) -> None:
    if number == 0:
        raise JobError("no_files", "No picture was sent.", hint="Add at least one JPEG, PNG or WebP picture.")
    if number > settings.MAX_FILES:
        raise JobError(
            "too_many_files",
            f"There are too many files: {number}, but at most {settings.MAX_FILES} fit into one job.",
            hint="Split them into several jobs.",
            details={"limit": settings.MAX_FILES, "count": number},
        )


def _check_all(uploads: Sequence[Upload]) -> list[tuple[Upload, images.ImageFacts, str]]:
    """Their bytes are read again when they are stored: a whole batch of them does not fit into memory."""
    checked, problems = [], []
    for index, upload in enumerate(uploads):
        try:
            checked.append(_check(upload))
        except images.ImageError as error:
            problems.append(_describe_problem(index, upload, error))
    if problems:
        raise _refuse(problems)
    return checked


def _check(upload: Upload) -> tuple[Upload, images.ImageFacts, str]:
    data = upload.file.read(settings.MAX_FILE_BYTES + 1)
    facts = images.inspect_image(
        data, filename=upload.filename, limits=images.ImageLimits(max_bytes=settings.MAX_FILE_BYTES)
    )
    return upload, facts, images.clean_filename(upload.filename, extension=facts.extension)


def _describe_problem(index: int, upload: Upload, error: images.ImageError) -> dict[str, Any]:
    problem: dict[str, Any] = {"index": index, "filename": upload.filename[:160], "code": error.code}
    return problem | {"message": error.message, "hint": error.hint}


def _refuse(problems: list[dict[str, Any]]) -> JobError:
    """The first bad file decides code and status; the details name them all."""
    first = problems[0]
    details: dict[str, Any] = {"files": [{key: p[key] for key in p if key != "hint"} for p in problems]}
    if any(problem["code"] == "file_too_large" for problem in problems):
        details["limit_bytes"] = settings.MAX_FILE_BYTES
    return JobError(first["code"], first["message"], hint=first["hint"], details=details)


def _store(owner: User, *, upload: Upload, facts: images.ImageFacts, filename: str) -> StoredImage:
    known = SourceImage.objects.filter(owner=owner, sha256=facts.sha256).first()
    if known is None:
        upload.file.seek(0)
        known = _store_new(owner, data=upload.file.read(), facts=facts)
    return StoredImage(image=known, filename=filename)


def _store_new(owner: User, *, data: bytes, facts: images.ImageFacts) -> SourceImage:
    """Bytes first, row second: a crash in between leaves a file for the sweep, never a row without a file."""
    path = files.image_path(owner.pk, facts.sha256, facts.extension)
    thumbnail_path = files.thumbnail_path(owner.pk, facts.sha256)
    files.write_file(path, data)
    files.write_file(thumbnail_path, images.make_thumbnail(data))
    try:
        with transaction.atomic():
            return SourceImage.objects.create(
                owner=owner,
                sha256=facts.sha256,
                path=path,
                thumbnail_path=thumbnail_path,
                content_type=facts.content_type,
                size=facts.size,
                width=facts.width,
                height=facts.height,
                has_alpha=facts.has_alpha,
            )
    except IntegrityError:  # the same picture came twice at once: by content they are one
        return SourceImage.objects.get(owner=owner, sha256=facts.sha256)
