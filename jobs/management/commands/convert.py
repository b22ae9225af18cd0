"""``manage.py convert PICTURE…``: the main job from a terminal, through the same queue."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import User
from jobs import catalog, events, files, services
from jobs.errors import JobError
from jobs.models import Artifact, Generation, Job, WorkerHeartbeat
from jobs.states import ACTIVE, Status

BAR = "{desc:<24.24} {bar} {n:3.0f} % {postfix}"


class Command(BaseCommand):
    help = "Turns pictures into models through the queue and saves them. Exits with 1 if one failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
        parser.add_argument("--engine", default="")
        parser.add_argument("--face-limit", type=int)
        parser.add_argument("--formats", default="", help="extra formats, such as stl,usdz")
        parser.add_argument("--out", type=Path, default=Path(), metavar="DIR")
        parser.add_argument("--user", default="", help="whose job it is; by default the first admin's")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = find_owner(options["user"])
        try:
            job = submit(owner, options)
        except JobError as error:
            raise CommandError(describe(error)) from None
        if not WorkerHeartbeat.objects.filter(queue=catalog.ENGINES[job.engine].queue).exists():
            self.stderr.write("No worker has shown a sign of life; the job waits until bin/up runs.")
        watch(job)
        options["out"].mkdir(parents=True, exist_ok=True)
        save_models(job, folder=options["out"])
        failed = list(job.generations.exclude(status=Status.COMPLETED))
        for generation in failed:
            reason = generation.error_message or generation.status
            self.stderr.write(f"{events.front_filename(generation)}: {reason} {generation.error_hint}".rstrip())
        if failed:
            raise CommandError(f"{len(failed)} of {job.total} pictures have no model.")


def find_owner(email: str) -> User:
    rows = User.objects.filter(email__iexact=email) if email else User.objects.filter(is_superuser=True)
    owner = rows.order_by("pk").first()
    if owner is None:
        raise CommandError(f"There is no user {email}." if email else "There is no admin yet; bin/up makes one.")
    return owner


def submit(owner: User, options: dict[str, Any]) -> Job:
    stored = services.store_images(owner, uploads=[read_upload(path) for path in options["pictures"]])
    wishes = services.Wishes(
        engine=options["engine"],
        options={} if options["face_limit"] is None else {"face_limit": options["face_limit"]},
        formats=[name for name in options["formats"].split(",") if name],
        name="From the terminal",
    )
    items = [services.Item(views={"front": image}) for image in stored]
    return services.submit_job(owner, items=items, wishes=wishes).job


def read_upload(path: Path) -> services.Upload:
    try:
        return services.Upload(filename=path.name, file=path.open("rb"))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from None


def describe(error: JobError) -> str:
    lines = [entry["message"] for entry in error.details.get("files", [])] or [error.message]
    return "\n".join([*lines, error.hint]).rstrip()


def watch(job: Job) -> None:
    """A bar for each picture until all are over."""
    bars = {
        generation.pk: tqdm(total=100, desc=generation.name, position=place, bar_format=BAR)
        for place, generation in enumerate(job.generations.order_by("position"))
    }
    while show(list(Generation.objects.filter(job=job)), bars):
        time.sleep(0.2)  # the pace of the display
    for bar in bars.values():
        bar.close()


def show(generations: list[Generation], bars: dict[Any, Any]) -> bool:
    """Draw the present state; is anything still to come?"""
    for generation in generations:
        bar = bars[generation.pk]
        bar.n = generation.progress
        bar.set_postfix_str(generation.status if generation.status not in ACTIVE else generation.stage)
    return any(generation.is_active for generation in generations)


def save_models(job: Job, *, folder: Path) -> None:
    models = Artifact.objects.filter(generation__job=job, role=Artifact.Role.MODEL)
    for artifact in models:
        (folder / artifact.filename).write_bytes(files.read_file(artifact.path))
