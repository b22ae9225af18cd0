"""How is the one paid POST of an attempt accounted for? Committed before it goes and after its answer, never twice."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from jobs.models import Attempt, Generation, Submission
from jobs.models.generations import lease_for
from jobs.services import money
from jobs.services.derive import lock_job, refresh_job
from jobs.services.fal.deadlines import typical_seconds
from jobs.services.fal.fallback import fail_or_fall_back
from jobs.services.fal.pacing import first_delay
from jobs.services.runs import LEASE_SECONDS, Failure, hand_back
from jobs.states import Status, WaitingReason

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What one attempt is about to send."""

    attempt_id: int
    arguments: Mapping[str, Any]
    input_urls: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """FAL's request id of one attempt."""

    attempt_id: int
    engine: str
    request_id: str


def find_attempt(generation: Generation) -> Attempt:
    rows = Attempt.objects.select_related("generation__job")
    return rows.get(generation=generation, number=generation.attempt)


def renew_leases(generation_ids: Sequence[UUID]) -> None:
    """Their worker is alive."""
    rows = Generation.objects.filter(pk__in=generation_ids, status=Status.PROCESSING, lease_until__isnull=False)
    rows.update(lease_until=lease_for(LEASE_SECONDS))


@transaction.atomic
def begin_sending(parcels: Sequence[Parcel]) -> set[int]:
    """Commit what is about to be sent; only these attempts may be sent.

    Cancelled ones are not among them, nor what the day has no room for.
    """
    by_attempt = {parcel.attempt_id: parcel for parcel in parcels}
    ready = Attempt.objects.filter(
        pk__in=by_attempt, submission=Submission.PREPARING, outcome=Attempt.Outcome.RUNNING
    ).order_by("pk")  # fmt: skip
    locked = list(ready.select_for_update(of=("self",)).select_related("generation"))
    allowed = money.note_sending(locked)
    ids = {attempt.pk for attempt in allowed}
    ready.filter(pk__in=ids).update(submission=Submission.SENDING, sent_at=Now())
    for attempt in allowed:
        parcel = by_attempt[attempt.pk]
        attempt.arguments, attempt.input_urls = dict(parcel.arguments), list(parcel.input_urls)
    Attempt.objects.bulk_update(allowed, ["arguments", "input_urls"])
    return ids


def note_accepted(receipts: Sequence[Receipt]) -> None:
    """FAL has them: keep the request ids. Twice does no harm."""
    try:
        with transaction.atomic():
            for receipt in sorted(receipts, key=lambda each: each.attempt_id):
                accept(receipt)
    except IntegrityError:
        for receipt in receipts:
            _accept_alone(receipt)


def accept(receipt: Receipt) -> bool:
    """One of them, in a transaction of the caller's; False when it was known already."""
    unheard = (Submission.SENDING, Submission.UNKNOWN)
    sent = Attempt.objects.filter(pk=receipt.attempt_id, submission__in=unheard)
    delay = timedelta(seconds=first_delay(typical_seconds(receipt.engine)))
    changed = sent.update(
        submission=Submission.ACCEPTED,
        request_id=receipt.request_id,
        accepted_at=Now(),
        next_poll_at=Now() + delay,
        polls=0,
        poll_failures=0,
        settled_at=None,  # also one that was given up: it is followed for its result, or for its cost
    )
    return bool(changed)


def _accept_alone(receipt: Receipt) -> None:
    try:
        with transaction.atomic():
            accept(receipt)
    except IntegrityError:  # the id belongs to another attempt: whatever FAL meant, this one's outcome is unknown
        logger.error("FAL answered attempt %s with the request id of another.", receipt.attempt_id)


@transaction.atomic
def give_back(generation: Generation, *, code: str, reason: str, waiting: WaitingReason) -> bool:
    """Nothing was sent: it waits for another turn."""
    job = lock_job(generation.job_id)
    current = Attempt.objects.filter(generation=generation, number=generation.attempt)
    sent = current.filter(submission__in=(Submission.PREPARING, Submission.SENDING))
    sent.update(submission=Submission.NOT_SENT, error_code=code)
    for attempt in current:
        money.settle(attempt)
    given = hand_back(generation, reason=reason, outcome=Attempt.Outcome.FAILED)
    if given and waiting != WaitingReason.QUEUE:
        Generation.objects.filter(pk=generation.pk, attempt=generation.attempt).update(waiting_reason=waiting)
        refresh_job(job)
    return given


def give_back_for_today(generation: Generation) -> bool:
    """The day's number of submissions was reached between claim and sending; False when it was cancelled instead."""
    return give_back(generation, code="", reason="no more is sent today", waiting=WaitingReason.BUDGET)


@transaction.atomic
def reject(generation: Generation, *, failure: Failure, error_type: str = "", detail: str = "") -> bool:
    """FAL said no to this input: nothing runs there."""
    lock_job(generation.job_id)
    attempts = Attempt.objects.filter(generation=generation, number=generation.attempt)
    attempts.update(
        submission=Submission.REJECTED, error_type=error_type[:60], error_detail=detail, settled_at=Now()
    )  # fmt: skip
    for attempt in attempts:
        money.settle(attempt)
    return fail_or_fall_back(generation, failure=failure)
