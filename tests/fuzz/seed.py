"""What do fuzzers find on the server? Work in every state, of two people, and keys; told as JSON on stdout."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from accounts.models import User  # noqa: E402 - after the setup that models need
from accounts.services import create_api_key  # noqa: E402
from jobs.models import Webhook  # noqa: E402
from jobs.services import cancel_job, runs  # noqa: E402
from jobs.services.webhooks.subscriptions import send_test  # noqa: E402
from tests.factories import UserFactory, claim, finish_job, make_job  # noqa: E402

EVERYTHING = ("read", "write", "admin")


def main() -> None:
    owner, stranger = UserFactory(email="owner@example.org", is_staff=True), UserFactory(email="stranger@example.org")
    facts = {
        "keys": {
            "owner": make_key(owner, *EVERYTHING),
            "stranger": make_key(stranger, "read", "write"),
            "reader": make_key(owner, "read"),
        },
        "ids": collect_ids(owner),
    }
    finish_job(make_job(stranger, first=90))
    json.dump(facts, sys.stdout)


def make_key(user: User, *scopes: str) -> str:
    return create_api_key(user, name="for fuzzing", scopes=scopes)[1]


def collect_ids(owner: User) -> dict[str, list[str]]:
    """Finished, failed, cancelled and waiting jobs, in this order: claims take the oldest that waits."""
    finished = [finish_job(make_job(owner, first=number, formats=["stl"])) for number in range(6)]
    failed = make_job(owner, first=10)
    failure = runs.Failure(code="no_object", message="There is nothing on it.", hint="", retryable=False)
    runs.fail_generation(claim(failed), failure=failure)
    cancelled = make_job(owner, first=11)
    cancel_job(cancelled, actor="fuzzing")
    jobs = [*finished, failed, cancelled, *(make_job(owner, first=20 + number) for number in range(6))]
    generations = [generation for job in jobs for generation in job.generations.all()]
    webhooks = [Webhook.objects.create(owner=owner, url="http://127.0.0.1:9/", types=["job.failed"]) for _ in range(3)]
    return {
        "job_id": [str(job.pk) for job in jobs],
        "task_id": [str(job.task_id) for job in jobs],
        "generation_id": [str(generation.pk) for generation in generations],
        "file_id": [str(generation.inputs.get().image_id) for generation in generations],
        "filename": ["picture-0.glb", "picture-1.glb", "picture-2.preview.webp"],
        "webhook_id": [str(webhook.pk) for webhook in webhooks],
        "delivery_id": [str(send_test(webhook).pk) for webhook in webhooks],
    }


if __name__ == "__main__":
    main()
