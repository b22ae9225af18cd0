"""Which rows must be there before a load? Made by the product's own services, in a process with its settings."""

from __future__ import annotations

import io
import json
import time

import django

django.setup()

from django.db import transaction  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.services import create_api_key  # noqa: E402
from jobs import events, queue, services  # noqa: E402
from jobs.models import Job  # noqa: E402
from tests.factories import make_picture  # noqa: E402

JOB_SIZE = 25


def make_keys(count: int) -> None:
    """Print the keys of so many new users."""
    for number in range(count):
        user = User.objects.create(email=f"load-{number}@example.org")
        print(create_api_key(user, name="load", scopes=("read", "write"))[1])


def make_queue(count: int) -> None:
    """So many generations of the last user, waiting; and what each costs on disk and in Redis."""
    user = User.objects.order_by("-pk")[0]
    before = measure_redis()
    upload = services.Upload(filename="a.png", file=io.BytesIO(make_picture()))
    [stored] = services.store_images(user, uploads=[upload])
    items = [services.Item(views={"front": stored})] * JOB_SIZE
    for _ in range(count // JOB_SIZE):
        services.submit_job(user, items=items, wishes=services.Wishes(engine="local"))
    grown = (measure_redis() - before) / 1e6
    print(json.dumps({"generations": count // JOB_SIZE * JOB_SIZE, "redis_mb": round(grown, 2)}))


def change_jobs(rounds: int, *, every: float) -> None:
    """Change every job so often; print when each change was committed, by job and version."""
    committed: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        time.sleep(every)  # the pace of events
        for job in Job.objects.all():
            with transaction.atomic():
                events.note_change(job)
            committed.setdefault(str(job.pk), {})[str(job.version)] = time.time()
    print(json.dumps(committed))


def measure_redis() -> int:
    return int(queue.get_connection().info("memory")["used_memory"])
