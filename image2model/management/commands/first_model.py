"""``manage.py first_model``: the first time, a bundled sample becomes a model through the real queue."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from jobs import services
from jobs.models import Job
from jobs.states import Status

SAMPLES = Path(settings.BASE_DIR) / "static" / "samples"
PATIENCE_SECONDS = 120


class Command(BaseCommand):
    requires_system_checks = []
    help = "Turns a bundled sample picture into a model of the first admin's, once."

    def handle(self, *args: Any, **options: Any) -> None:
        admin = User.objects.filter(is_superuser=True).order_by("pk").first()
        if admin is None or Job.objects.exists():
            return
        started = time.monotonic()
        job = wait_for(submit_sample(admin))
        if job.status != Status.COMPLETED:
            raise CommandError(f"The sample could not be made into a model; its job is {job.status}.")
        self.stdout.write(f"The first model is made: {job.name} in {time.monotonic() - started:.1f} s.")


def submit_sample(owner: User) -> Job:
    picture = choose_sample()
    with picture.open("rb") as file:
        stored = services.store_images(owner, uploads=[services.Upload(filename=picture.name, file=file)])
    wishes = services.Wishes(name=f"Sample: {picture.stem}", engine="local")
    return services.submit_job(owner, items=[services.Item(views={"front": stored[0]})], wishes=wishes).job


def choose_sample() -> Path:
    pictures = sorted(path for path in SAMPLES.iterdir() if path.suffix in {".png", ".jpg", ".webp"})
    if not pictures:
        raise CommandError(f"There is no sample picture in {SAMPLES}.")
    return next((path for path in pictures if path.stem == "vase"), pictures[0])


def wait_for(job: Job) -> Job:
    """Until the job is over: its row is the truth."""
    end = time.monotonic() + PATIENCE_SECONDS
    while job.is_active:
        if time.monotonic() > end:
            raise CommandError(f"The sample's job is still {job.status} after {PATIENCE_SECONDS} s.")
        time.sleep(0.05)  # the pace of asking, not a wait for luck
        job.refresh_from_db()
    return job
