"""How do files that somebody sends become a job? All or nothing: a refused upload leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from accounts.models import User
from jobs import catalog
from jobs.errors import JobError
from jobs.models import SourceImage
from jobs.services.delete import delete_unused_image
from jobs.services.engines import choose_engine
from jobs.services.images import StoredImage, Upload, check_number, store_images
from jobs.services.submit import Idempotency, Item, Submission, Wishes, find_replay, submit_job


def submit_uploads(
    owner: User, *, uploads: Sequence[Upload], wishes: Wishes, views: Sequence[str] = (), key: str = ""
) -> Submission:
    """A queued job of these files, or ``JobError``.

    ``views``: which side of one object each file shows; all of them become one generation.
    ``key``: the caller's idempotency key; the same files and wishes under it answer the same job again.
    """
    check_number(len(uploads))
    check_wishes(wishes, views=views, number=len(uploads))
    hashes = [_hash_file(upload) for upload in uploads]
    idempotency = _identify(uploads, hashes=hashes, wishes=wishes, views=views, key=key)
    if idempotency and (earlier := find_replay(owner, idempotency=idempotency)):
        return earlier
    before = set(SourceImage.objects.owned_by(owner).filter(sha256__in=hashes).values_list("pk", flat=True))
    stored = store_images(owner, uploads=uploads)
    try:
        submission = submit_job(owner, items=arrange(stored, views=views), wishes=wishes, idempotency=idempotency)
    except JobError:
        _discard(stored, keep=before)
        raise
    return submission


def arrange(stored: Sequence[StoredImage], *, views: Sequence[str]) -> list[Item]:
    """A generation for each picture, or one for all when they are views of one object."""
    if not views:
        return [Item(views={"front": image}) for image in stored]
    return [Item(views=dict(zip(views, stored, strict=True)))]


def check_wishes(wishes: Wishes, *, views: Sequence[str] = (), number: int) -> None:
    """``JobError`` for what no picture could make right, before any is stored."""
    engine = choose_engine(wishes.engine)
    catalog.check_options(engine, wishes.options)
    catalog.check_formats(list(wishes.formats))
    if views and len(views) != number:
        message = f"{len(views)} views are named, but {number} pictures sent."
        raise JobError("invalid_parameter", message, details={"parameter": "views"})
    if views:
        catalog.check_views(list(views), engine=engine)


def _hash_file(upload: Upload) -> str:
    digest = hashlib.sha256()
    while chunk := upload.file.read(64 * 1024):
        digest.update(chunk)
    upload.file.seek(0)
    return digest.hexdigest()


def _identify(
    uploads: Sequence[Upload], *, hashes: list[str], wishes: Wishes, views: Sequence[str], key: str
) -> Idempotency | None:
    if not key:
        return None
    names = [upload.filename for upload in uploads]
    return Idempotency(key=key, fingerprint=fingerprint("upload", hashes, names, list(views), asdict(wishes)))


def fingerprint(*asked: Any) -> str:
    """One value for what a request asks, whatever the order of its fields."""
    canonical = json.dumps(asked, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _discard(stored: Sequence[StoredImage], *, keep: set[UUID]) -> None:
    for image_id in {entry.image.pk for entry in stored} - keep:
        delete_unused_image(image_id)
