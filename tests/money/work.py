"""How does a test make work that costs money? Through the doors that everybody takes, without a provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any, TypeVar
from uuid import uuid4

from django.db import connection

from accounts.models import User
from jobs import services
from jobs.models import Attempt, Generation, Job, LedgerEntry, Submission
from jobs.services import runs
from jobs.services.fal import submission
from tests.factories import make_job

PRICE = Decimal("0.30")  # of Tripo v2.5 with the usual texture
Answer = TypeVar("Answer")


def make_paid_job(owner: User, *, pictures: int = 1, first: int = 0, engine: str = "tripo-v2.5") -> Job:
    return make_job(owner, pictures=pictures, first=first, engine=engine)


def claim() -> Attempt:
    """The next paid generation, claimed and being prepared."""
    generation = runs.claim_next("fal", worker="test-worker")
    assert generation is not None
    return submission.find_attempt(generation)


def begin(attempt: Attempt) -> bool:
    """Committed as about to be sent?"""
    parcel = submission.Parcel(attempt_id=attempt.pk, arguments={}, input_urls=[])
    return attempt.pk in submission.begin_sending([parcel])


def send() -> Attempt:
    """The next paid generation, accepted by its provider."""
    attempt = claim()
    assert begin(attempt)
    receipt = submission.Receipt(attempt_id=attempt.pk, engine=attempt.engine, request_id=str(uuid4()))
    submission.note_accepted([receipt])
    attempt.refresh_from_db()
    assert attempt.submission == Submission.ACCEPTED
    return attempt


def bill(attempt: Attempt, **facts: Any) -> None:
    """What the provider says of this attempt."""
    Attempt.objects.filter(pk=attempt.pk).update(**facts)


def fail(attempt: Attempt) -> None:
    failure = runs.Failure(code="provider_timeout", message="It took too long.")
    assert runs.fail_generation(Generation.objects.get(pk=attempt.generation_id), failure=failure)


def read_ledger(generation: Generation | None = None) -> list[tuple[str, Decimal, int | None]]:
    """State, amount and attempt of each row, the oldest first."""
    rows = LedgerEntry.objects.order_by("pk")
    if generation is not None:
        rows = rows.filter(generation_id=generation.pk)
    return [(row.state, row.amount, row.attempt) for row in rows]


def store_pictures(owner: User, *, pictures: int) -> list[Sequence[services.Item]]:
    """Items of one generation each, to be submitted later."""
    job = make_job(owner, pictures=pictures)
    images = [row.inputs.get().image for row in job.generations.order_by("position")]
    stored = services.find_stored_images(owner, file_ids=[image.pk for image in images])
    return [[services.Item(views={"front": image})] for image in stored]


def do_at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer | Exception]:
    """Each call in a thread with a database connection of its own, all let go at the same moment."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer | Exception:
        try:
            barrier.wait(timeout=30)
            return call()
        except Exception as error:  # the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(run, calls))
