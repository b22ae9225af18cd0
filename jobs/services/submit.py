"""How does a job begin? Options checked, limits kept, rows committed, a worker woken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import ApiKey, User
from image2model.middleware import request_id_var
from jobs import catalog, events, images, queue
from jobs.errors import JobError
from jobs.failpoints import failpoint
from jobs.models import Feed, Generation, GenerationInput, Job, SourceImage
from jobs.services.engines import choose_engine
from jobs.services.idempotency import Idempotency, find_key, note_key
from jobs.services.images import StoredImage
from jobs.services.limits import check_active_generations, lock_feed, read_allowed
from jobs.services.money import find_price, hold
from jobs.services.room import check_room
from jobs.services.writing import write_in_turn
from jobs.states import Status


@dataclass(frozen=True, kw_only=True)
class Item:
    """One generation to be: its pictures by view, and what differs from the job's own engine and options."""

    views: Mapping[str, StoredImage]
    engine: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a submission asks for, beside its pictures."""

    engine: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)  # common fields and the engine's own, by name
    formats: Sequence[str] = ()
    fallback: str = ""
    name: str = ""
    webhook_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A stored job. ``dispatched`` is False when Redis could not be reached; the sweep rings again.

    ``inputs``: the pictures of each generation in their order, as they were just written; none of an earlier job.
    """

    job: Job
    dispatched: bool
    is_replay: bool = False
    inputs: Sequence[GenerationInput] = ()


def submit_job(
    owner: User,
    *,
    items: Sequence[Item] | Callable[[], Sequence[Item]],
    wishes: Wishes,
    idempotency: Idempotency | None = None,
    api_key: ApiKey | None = None,
) -> Submission:
    """A queued job of 1–25 generations, or ``JobError``. The same idempotency key answers the same job again.

    ``items``: or what makes them, called in the transaction of the job with the owner's feed locked.
    """
    if idempotency and (earlier := find_replay(owner, idempotency=idempotency)):
        return earlier
    plans = [] if callable(items) else _plan_all(items, wishes=wishes)
    formats = catalog.check_formats(list(wishes.formats))
    with write_in_turn():
        feed = lock_feed(owner)
        if idempotency and (earlier := find_replay(owner, idempotency=idempotency)):
            return earlier  # two requests with one key at once: the other was first
        if callable(items):
            plans = _plan_all(items(), wishes=wishes)
        allowed = read_allowed(owner)
        check_active_generations(owner, adding=len(plans), allowed=allowed, api_key=api_key)
        check_room(owner, adding=len(plans), allowed=allowed)
        job = _create_job(owner, plans=plans, formats=formats, wishes=wishes, api_key=api_key, feed=feed)
        if idempotency:
            note_key(owner, idempotency=idempotency, job=job)
        inputs = _create_parts(job, plans=plans)
        failpoint("upload.before_commit")
        transaction.on_commit(partial(failpoint, "upload.after_commit"))
        bells = [queue.ring_after_commit(name) for name in sorted({plan.engine.queue for plan in plans})]
    failpoint("upload.after_ring")
    return Submission(
        job=inputs[0].generation.job, dispatched=all(bell.rang is not False for bell in bells), inputs=inputs
    )


def find_replay(owner: User, *, idempotency: Idempotency) -> Submission | None:
    """The job that an earlier request with this key made; ``JobError`` when that one asked for something else."""
    row = find_key(owner, idempotency=idempotency)
    return Submission(job=row.job, dispatched=True, is_replay=True) if row and row.job else None


@dataclass(frozen=True, kw_only=True)
class _Plan:
    views: Mapping[str, StoredImage]
    engine: catalog.EngineEntry
    options: dict[str, Any]


def _plan_all(items: Sequence[Item], *, wishes: Wishes) -> list[_Plan]:
    _check_items(items)
    return [_plan(item, wishes=wishes) for item in items]


def _plan(item: Item, *, wishes: Wishes) -> _Plan:
    engine = choose_engine(item.engine or wishes.engine)
    catalog.check_views(list(item.views), engine=engine)
    return _Plan(
        views=item.views,
        engine=engine,
        options=catalog.check_options(engine, {**wishes.options, **item.options}),
    )


def _check_items(items: Sequence[Item]) -> None:
    if not items:
        raise JobError("no_files", "No picture was named.", hint="Name at least one stored picture.")
    if len(items) > settings.MAX_FILES:
        raise JobError(
            "too_many_files",
            f"There are too many files: {len(items)}, but at most {settings.MAX_FILES} fit into one job.",
            hint="Split them into several jobs.",
        )


def _create_job(
    owner: User,
    *,
    plans: Sequence[_Plan],
    formats: list[str],
    wishes: Wishes,
    api_key: ApiKey | None,
    feed: Feed,
) -> Job:
    return Job.objects.create(
        owner=owner,
        api_key=api_key,
        name=wishes.name,
        engine=plans[0].engine.id,
        options=plans[0].options,
        formats=formats,
        fallback=wishes.fallback,
        webhook_url=wishes.webhook_url,
        request_id=request_id_var.get(),
        total=len(plans),
        queued=len(plans),
        status=Status.QUEUED,
        feed_version=feed.version + 1,
    )


def _create_parts(job: Job, *, plans: Sequence[_Plan]) -> list[GenerationInput]:
    generations = _create_generations(job, plans=plans)
    hold(job, generations=generations)
    events.note_creation(job)
    events.write_event(job, "created", message=f"{len(plans)} accepted.", actor=str(job.owner))
    return _create_inputs(generations, plans=plans)


def _create_generations(job: Job, *, plans: Sequence[_Plan]) -> list[Generation]:
    stems = images.make_unique_names([PurePosixPath(plan.views["front"].filename).stem for plan in plans])
    return Generation.objects.bulk_create(
        Generation(
            job=job,
            owner=job.owner,
            position=position,
            name=stems[position],
            engine=plan.engine.id,
            options=plan.options,
            cost_estimated=find_price(plan.engine.id, options=plan.options),
        )
        for position, plan in enumerate(plans)
    )


def _create_inputs(generations: Sequence[Generation], *, plans: Sequence[_Plan]) -> list[GenerationInput]:
    return GenerationInput.objects.bulk_create(
        GenerationInput(generation=generation, image=stored.image, view=view, filename=stored.filename)
        for generation, plan in zip(generations, plans, strict=True)
        for view, stored in plan.views.items()
    )


def find_stored_images(owner: User, *, file_ids: Sequence[Any]) -> list[StoredImage]:
    """The owner's pictures of these ids, in order, under the names they last came with, or ``JobError``."""
    rows = {image.pk: image for image in SourceImage.objects.owned_by(owner).filter(pk__in=set(file_ids))}
    missing = [str(file_id) for file_id in file_ids if file_id not in rows]
    if missing:
        raise JobError(
            "not_found",
            f"There is no stored picture {missing[0]}.",
            hint="Upload it again.",
            details={"file_ids": missing},
        )
    return [StoredImage(image=rows[file_id], filename=_last_filename(rows[file_id])) for file_id in file_ids]


def _last_filename(image: SourceImage) -> str:
    latest = image.uses.order_by("-id").values_list("filename", flat=True).first()
    extension = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}[image.content_type]
    return latest or f"picture-{str(image.pk)[:8]}{extension}"
