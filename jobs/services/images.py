"""How does a picture get in? Checked by content, stored once for each owner and content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, TypeVar

from django.conf import settings
from django.db import DatabaseError, transaction

from accounts.models import User
from jobs import files, images
from jobs.confined import pictures
from jobs.errors import JobError
from jobs.failpoints import failpoint
from jobs.models import SourceImage
from jobs.services.delete import delete_image_files
from jobs.services.limits import Allowed, lock_feed, read_allowed
from jobs.services.room import check_disk, check_storage_quota
from jobs.services.writing import write_in_turn

Item = TypeVar("Item")
Found = TypeVar("Found")

CHUNK_BYTES = 256 * 1024
AT_ONCE = 2  # pictures of one upload that are looked at together
WRITERS = 4  # waiting for the disk, mostly


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it came: its declared name and its bytes."""

    filename: str
    file: BinaryIO

    @cached_property
    def sha256(self) -> str:
        """Of all its bytes; the file stands at its beginning afterwards."""
        digest = hashlib.sha256()
        self.file.seek(0)
        while chunk := self.file.read(CHUNK_BYTES):
            digest.update(chunk)
        self.file.seek(0)
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """A picture in the storage and the name it came with."""

    image: SourceImage
    filename: str


def store_images(owner: User, *, uploads: Sequence[Upload]) -> list[StoredImage]:
    """All pictures of an upload, or ``JobError`` naming every bad one, and nothing is kept."""
    with receive_images(owner, uploads=uploads) as arrivals, write_in_turn():
        lock_feed(owner)
        return arrivals.take_in()


@contextmanager
def receive_images(owner: User, *, uploads: Sequence[Upload]) -> Iterator[Arrivals]:
    """Good pictures with their files written; the block takes their rows in, with what belongs to them. Where it is
    refused, the files go again. Bytes first, rows second: a crash in between leaves files for the sweep, never a row
    without its files."""
    check_number(len(uploads))
    check_disk()
    checked = _check_all(uploads)
    arrivals = Arrivals(
        owner=owner,
        checked=checked,
        rows={entry.facts.sha256: _build_row(owner, facts=entry.facts) for entry in checked},
        allowed=read_allowed(owner),
    )
    known = _find_known(owner, hashes=arrivals.rows)
    try:
        arrivals.write(known=known)
        yield arrivals
    except (JobError, OSError, DatabaseError):  # quota, disk or database gave out on the way
        arrivals.remove_strays(known=known)
        raise


def _find_known(owner: User, *, hashes: Iterable[str]) -> dict[str, SourceImage]:
    """Those that are stored already, by content."""
    return {image.sha256: image for image in SourceImage.objects.filter(owner=owner, sha256__in=list(hashes))}


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


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """A file that is a picture, how it looks small, and the name it will bear."""

    upload: Upload
    facts: images.ImageFacts
    thumbnail: bytes
    filename: str


def _do_together(work: Callable[[Item], Found], items: Sequence[Item], *, at_once: int) -> list[Found]:
    """In threads of their own, whose log lines and spans belong to this request, too; one alone needs none."""
    if len(items) < 2:
        return [work(item) for item in items]
    context = copy_context()
    with ThreadPoolExecutor(min(at_once, len(items)), thread_name_prefix="pictures") as threads:
        return list(threads.map(lambda item: context.copy().run(work, item), items))


def _check_all(uploads: Sequence[Upload]) -> list[_Checked]:
    """Their bytes are read again when they are stored: a whole batch of them does not fit into memory."""
    found = _do_together(_check_or_say, uploads, at_once=AT_ONCE)
    problems = [
        _describe_problem(index, upload, error)
        for index, (upload, error) in enumerate(zip(uploads, found, strict=True))
        if isinstance(error, images.ImageError)
    ]
    if problems:
        raise _refuse(problems)
    return [entry for entry in found if isinstance(entry, _Checked)]


def _check_or_say(upload: Upload) -> _Checked | images.ImageError:
    try:
        return _check(upload)
    except images.ImageError as error:
        return error


def _check(upload: Upload) -> _Checked:
    try:
        found = pictures.examine(
            upload.file, filename=upload.filename, limits=images.ImageLimits(max_bytes=settings.MAX_FILE_BYTES)
        )
    except pictures.NoChildError as error:
        raise _refuse_for_now() from error
    filename = images.clean_filename(upload.filename, extension=found.facts.extension)
    return _Checked(upload=upload, facts=found.facts, thumbnail=found.thumbnail, filename=filename)


def _refuse_for_now() -> JobError:
    return JobError(
        "upload_capacity",
        "The pictures cannot be looked at just now.",
        hint="Send them again in a moment.",
        retry_after=10,
    )


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


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """The pictures of one upload on their way in, and the row that each content would have."""

    owner: User
    checked: Sequence[_Checked]
    rows: Mapping[str, SourceImage]
    allowed: Allowed

    @cached_property
    def _contents(self) -> dict[str, _Checked]:
        return {entry.facts.sha256: entry for entry in self.checked}

    def write(self, *, known: Container[str]) -> None:
        """The files of those that are not known yet."""
        fresh = [image for sha256, image in self.rows.items() if sha256 not in known]
        check_storage_quota(self.owner, adding=sum(image.size for image in fresh), allowed=self.allowed)
        _do_together(self._write, fresh, at_once=WRITERS)

    def _write(self, image: SourceImage) -> None:
        entry = self._contents[image.sha256]
        files.copy_file(image.path, entry.upload.file)
        files.write_file(image.thumbnail_path, entry.thumbnail)
        failpoint("upload.after_store")

    def take_in(self) -> list[StoredImage]:
        """With their rows, in the caller's transaction, which has locked the owner's feed. Looked at once more, now
        that nobody else of the same owner does: the same picture may have come or gone meanwhile, and its files."""
        present = _find_known(self.owner, hashes=self.rows)
        fresh = {sha256: image for sha256, image in self.rows.items() if sha256 not in present}
        check_storage_quota(self.owner, adding=sum(image.size for image in fresh.values()), allowed=self.allowed)
        for image in fresh.values():
            if not (files.exists(image.path) and files.exists(image.thumbnail_path)):
                self._write(image)
        SourceImage.objects.bulk_create(fresh.values())
        found = {**present, **fresh}
        return [StoredImage(image=found[entry.facts.sha256], filename=entry.filename) for entry in self.checked]

    def remove_strays(self, *, known: Container[str]) -> None:
        """Files that were written for nothing, unless the same picture has come again meanwhile. The sweep finds what
        cannot be removed now."""
        with suppress(OSError, DatabaseError), transaction.atomic():
            lock_feed(self.owner)
            for sha256, image in self.rows.items():
                if sha256 not in known:
                    delete_image_files(image)


def _build_row(owner: User, *, facts: images.ImageFacts) -> SourceImage:
    return SourceImage(
        owner=owner,
        sha256=facts.sha256,
        path=files.image_path(owner.pk, facts.sha256, facts.extension),
        thumbnail_path=files.thumbnail_path(owner.pk, facts.sha256),
        content_type=facts.content_type,
        size=facts.size,
        width=facts.width,
        height=facts.height,
        has_alpha=facts.has_alpha,
    )
