"""How do files that somebody sends become a job? All or nothing: a refused upload leaves nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from accounts.models import ApiKey, User
from jobs import catalog
from jobs.errors import JobError
from jobs.failpoints import failpoint
from jobs.services.engines import choose_engine
from jobs.services.idempotency import Idempotency, find_key, fingerprint, note_key
from jobs.services.images import StoredImage, Upload, check_number, receive_images, store_images
from jobs.services.limits import lock_feed
from jobs.services.room import check_queue
from jobs.services.submit import Item, Submission, Wishes, find_replay, submit_job
from jobs.services.webhooks.targets import check_target
from jobs.services.writing import write_in_turn


def submit_uploads(
    owner: User,
    *,
    uploads: Sequence[Upload],
    wishes: Wishes,
    views: Sequence[str] = (),
    key: str = "",
    api_key: ApiKey | None = None,
) -> Submission:
    """A queued job of these files, or ``JobError``.

    ``views``: which side of one object each file shows; all of them become one generation.
    ``key``: the caller's idempotency key; the same files and wishes under it answer the same job again.
    ``api_key``: with which the caller came, for its own limits.
    """
    failpoint("upload.after_read")
    check_number(len(uploads))
    check_wishes(wishes, views=views, number=len(uploads))
    idempotency = None
    if key:
        asked = fingerprint_uploads(uploads, wishes=wishes, views=views)
        idempotency = Idempotency(key=key, fingerprint=asked)
    if idempotency and (earlier := find_replay(owner, idempotency=idempotency)):
        return earlier
    check_queue(adding=1 if views else len(uploads))
    with receive_images(owner, uploads=uploads) as arrivals:
        return submit_job(
            owner,
            items=lambda: arrange(arrivals.take_in(), views=views),
            wishes=wishes,
            idempotency=idempotency,
            api_key=api_key,
        )


def keep_uploads(owner: User, *, uploads: Sequence[Upload], key: str = "") -> list[StoredImage]:
    """These files as stored pictures without a job, or ``JobError``. By content they are the same ones each time."""
    if not key:
        return store_images(owner, uploads=uploads)
    check_number(len(uploads))
    idempotency = Idempotency(key=key, fingerprint=fingerprint("images", _list_contents(uploads)))
    find_key(owner, idempotency=idempotency)  # before any work is done for a key that is another request's
    with receive_images(owner, uploads=uploads) as arrivals, write_in_turn():
        lock_feed(owner)
        if find_key(owner, idempotency=idempotency) is None:
            note_key(owner, idempotency=idempotency)
        return arrivals.take_in()


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
    if wishes.webhook_url:
        check_target(wishes.webhook_url, parameter="webhook_url")
    if views and len(views) != number:
        message = f"{len(views)} views are named, but {number} pictures sent."
        raise JobError("invalid_parameter", message, details={"parameter": "views"})
    if views:
        catalog.check_views(list(views), engine=engine)


def fingerprint_uploads(uploads: Sequence[Upload], *, wishes: Wishes, views: Sequence[str] = ()) -> str:
    """One value for files, their names and what is wished of them."""
    return fingerprint("upload", _list_contents(uploads), list(views), asdict(wishes))


def _list_contents(uploads: Sequence[Upload]) -> list[tuple[str, str]]:
    return [(upload.filename, upload.sha256) for upload in uploads]
