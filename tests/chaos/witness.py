"""What do rows and files of a stack say? A process beside it that looks straight into its database and answers.

``python -m tests.chaos.witness`` reads one JSON list a line (``["rows"]``, ``["user", "alice@example.org"]``) and
answers one JSON value a line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.serializers.json import DjangoJSONEncoder  # noqa: E402
from django.db import connections  # noqa: E402
from django.db.models import F  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.services import create_api_key  # noqa: E402
from jobs.models import Artifact, Attempt, Conversion, Event, Generation, Job, Provider, SourceImage  # noqa: E402
from jobs.services.check import delete_orphans, find_faults  # noqa: E402
from jobs.services.sweep import sweep  # noqa: E402
from jobs.states import ACTIVE  # noqa: E402

NO_GRACE = timedelta()


def migrate() -> None:
    call_command("migrate", verbosity=0)


def user(email: str) -> str:
    """The API key of a user, made now."""
    owner = User.objects.filter(email=email).first() or User.objects.create_user(email, "secret-of-tests")
    return create_api_key(owner, name="chaos", scopes=["read", "write"])[1]


def rows() -> dict[str, Any]:
    """Everything that the checker compares."""
    generations = Generation.objects.annotate(owner_email=F("owner__email"), deleted_at=F("job__deleted_at"))
    return {
        "jobs": list(
            Job.objects.annotate(owner_email=F("owner__email")).values(
                "id", "owner_email", "status", "total", "completed", "failed", "cancelled", "version", "deleted_at"
            )
        ),
        "generations": list(
            generations.values(
                "id", "job_id", "owner_email", "status", "stage", "waiting_reason", "attempt", "error_code", "engine",
                "crashes", "deleted_at", "finished_at",
            )
        ),
        "attempts": list(
            Attempt.objects.values(
                "generation_id", "number", "token", "submission", "outcome", "sent_at", "request_id", "settled_at"
            )
        ),
        "events": list(Event.objects.order_by("id").values("job_id", "generation_id", "kind", "created_at", "actor")),
        "artifacts": list(Artifact.objects.values("generation_id", "path", "filename", "size", "sha256")),
        "images": SourceImage.objects.count(),
    }  # fmt: skip


def open_work() -> list[str]:
    """Generations that are not over and do not wait for a person, and attempts whose bill is still to come."""
    active = Generation.objects.filter(status__in=ACTIVE).exclude(waiting_reason="needs_decision")
    followed = Attempt.objects.at_provider()
    return [
        *(f"{each.pk} {each.status} {each.stage} {each.waiting_reason} {each.crashes}" for each in active),
        *(f"attempt {each.pk} is followed" for each in followed),
        *(f"conversion {each.pk} {each.status}" for each in Conversion.objects.filter(status__in=ACTIVE)),
    ]


def sweep_up() -> str:
    """One sweep of everything, orphans of any age, too."""
    done = sweep()
    return f"{done}, {delete_orphans(grace=NO_GRACE)} orphans"


def faults() -> list[str]:
    return list(find_faults(grace=NO_GRACE))


def breaker() -> str:
    return Provider.objects.filter(name="fal").values_list("breaker", flat=True).first() or ""


def forget_user(email: str) -> None:
    """An account goes, as its owner would have it."""
    from jobs.services.delete import delete_work_of

    owner = User.objects.get(email=email)
    delete_work_of(owner)
    owner.delete()


VERBS: dict[str, Callable[..., Any]] = {
    each.__name__: each for each in (migrate, user, rows, open_work, sweep_up, faults, breaker, forget_user)
}


def main() -> None:
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            answer: Any = {"answer": VERBS[verb](*arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            connections.close_all()
        sys.stdout.write(json.dumps(answer, cls=DjangoJSONEncoder) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
