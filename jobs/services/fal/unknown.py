"""What becomes of a submission whose outcome nobody knows? Found again, decided by a person, but never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from jobs import events, queue
from jobs.errors import JobError
from jobs.models import Attempt, Generation, Job, Submission
from jobs.services import money
from jobs.services.derive import lock_job, refresh_job
from jobs.services.fal.submission import Receipt, accept
from jobs.services.runs import Failure, end_attempt, fail_generation
from jobs.states import Stage, Status, WaitingReason

POST_SECONDS = 150  # above the longest wait for the answer of a POST: after that, its sender is dead
ASK_PERSON_AFTER = timedelta(minutes=10)
LOOK_EVERY_SECONDS, LOOK_MOST_SECONDS = 15, 300
GIVE_UP_AFTER = timedelta(days=2)  # then FAL's history is silent for good; only for what nobody waits for any more


def mark_unknown(attempt_id: int, *, reason: str) -> bool:
    """The POST went out and no answer came back; False when more is known meanwhile."""
    attempt = Attempt.objects.select_related("generation").filter(pk=attempt_id).first()
    return attempt is not None and _mark(attempt, reason=reason)


@transaction.atomic
def _mark(attempt: Attempt, *, reason: str) -> bool:
    job = lock_job(attempt.generation.job_id)
    sending = Attempt.objects.filter(pk=attempt.pk, submission=Submission.SENDING)
    soon = Now() + timedelta(seconds=1)
    if not sending.update(submission=Submission.UNKNOWN, next_poll_at=soon, error_detail=reason):
        return False
    if _running(attempt).update(stage=Stage.SUBMIT_UNKNOWN, lease_until=None):
        job = refresh_job(job)
        events.write_event(job, "submit_unknown", generation=attempt.generation, message=attempt.generation.name)
    return True


def _running(attempt: Attempt) -> QuerySet[Generation]:
    return Generation.objects.filter(
        pk=attempt.generation_id, attempt=attempt.number, status=Status.PROCESSING
    )  # fmt: skip


def mark_abandoned() -> int:
    """Submissions whose sender died before it heard the answer; how many."""
    age = timedelta(seconds=POST_SECONDS)
    old = Q(sent_at__lt=Now() - age)
    lapsed = Q(generation__lease_until__lt=Now(), generation__status=Status.PROCESSING)
    rows = Attempt.objects.filter(old | lapsed, submission=Submission.SENDING, number=F("generation__attempt"))
    older = Attempt.objects.filter(old, submission=Submission.SENDING)
    ids = {*rows.values_list("pk", flat=True)[:500], *older.values_list("pk", flat=True)[:500]}
    return sum(mark_unknown(attempt_id, reason="the worker ended before the answer came") for attempt_id in ids)


def take_unresolved(*, at_most: int) -> list[Attempt]:
    """Attempts to be looked for in FAL's history now; the next look at each comes later and later."""
    due = Attempt.objects.unresolved().filter(next_poll_at__lte=Now()).order_by("next_poll_at")
    attempts = list(due.select_related("generation__job")[:at_most])
    for attempt in attempts:
        seconds = min(LOOK_MOST_SECONDS, LOOK_EVERY_SECONDS * (1 + attempt.polls))
        Attempt.objects.filter(pk=attempt.pk).update(
            next_poll_at=Now() + timedelta(seconds=seconds), polls=F("polls") + 1
        )
    return attempts


def adopt(attempt: Attempt, *, request_id: str, actor: str = "") -> bool:
    """It ran, and this is FAL's id of it; False when it was known. ``JobError`` when the id is another attempt's."""
    receipt = Receipt(attempt_id=attempt.pk, engine=attempt.engine, request_id=request_id)
    try:
        return _adopt(attempt, receipt, actor=actor)
    except IntegrityError:
        raise JobError("webhook_mismatch", "This request id belongs to another attempt.") from None


@transaction.atomic
def _adopt(attempt: Attempt, receipt: Receipt, *, actor: str) -> bool:
    job = lock_job(attempt.generation.job_id)
    if not accept(receipt):
        return False
    Attempt.objects.filter(pk=attempt.pk).update(next_poll_at=Now())
    if _running(attempt).update(stage=Stage.SUBMITTED, waiting_reason="", lease_until=None):
        job = refresh_job(job)
        events.write_event(job, "found_at_fal", generation=attempt.generation, message=receipt.request_id, actor=actor)
    return True


@transaction.atomic
def send_again(attempt: Attempt, *, actor: str) -> None:
    """Take it for not sent and submit once more; whoever says so accepts that it may be paid twice."""
    job = lock_job(attempt.generation.job_id)
    if not _settle(attempt):
        raise JobError("bad_request", "It is known meanwhile what became of this submission.")
    generation = attempt.generation
    moved = _running(attempt).exists() and Generation.objects.move(
        generation.pk, Status.QUEUED, attempt=attempt.number, stage=Stage.WAITING, waiting_reason=WaitingReason.QUEUE,
        lease_until=None,
    )  # fmt: skip
    if moved:
        generation.attempt = attempt.number
        end_attempt(generation, outcome=Attempt.Outcome.LOST, error_code="provider_outcome_unknown")
        money.write_off([generation.pk])
        money.keep_hold(generation)
        events.write_event(refresh_job(job), "sent_again", generation=generation, message=generation.name, actor=actor)
        queue.ring_after_commit(queue.FAL)


@transaction.atomic
def give_up_unknown(attempt: Attempt, *, actor: str) -> None:
    """End it without a model: it is not known whether FAL charged for it."""
    job = lock_job(attempt.generation.job_id)
    if not _settle(attempt):
        raise JobError("bad_request", "It is known meanwhile what became of this submission.")
    generation = attempt.generation
    generation.attempt = attempt.number
    events.write_event(refresh_job(job), "given_up", generation=generation, message=generation.name, actor=actor)
    fail_generation(generation, failure=_UNKNOWN)
    money.write_off([generation.pk])


_UNKNOWN = Failure(
    code="provider_outcome_unknown",
    message="It is not known whether FAL took the request.",
    hint="Run it again if you accept that it may be charged twice.",
    retryable=True,
)


def _settle(attempt: Attempt) -> bool:
    return bool(Attempt.objects.unresolved().filter(pk=attempt.pk).update(settled_at=Now(), next_poll_at=None))


def resend_overdue() -> int:
    """What may be sent again by itself, because the operator set a time; how many."""
    if settings.FAL_RESUBMIT_UNKNOWN_AFTER is None:
        return 0
    age = timedelta(seconds=settings.FAL_RESUBMIT_UNKNOWN_AFTER)
    overdue = Attempt.objects.unresolved().filter(sent_at__lt=Now() - age, cancel_asked_at=None)
    attempts: Sequence[Attempt] = list(overdue.select_related("generation")[:50])
    for attempt in attempts:
        send_again(attempt, actor="FAL_RESUBMIT_UNKNOWN_AFTER")
    return len(attempts)


def ask_person() -> int:
    """Say that a person has to decide, once the history should have known; how many."""
    waiting = Generation.objects.filter(
        status=Status.PROCESSING, stage=Stage.SUBMIT_UNKNOWN, attempts__number=F("attempt"),
        attempts__submission=Submission.UNKNOWN, attempts__sent_at__lt=Now() - ASK_PERSON_AFTER,
    ).exclude(waiting_reason=WaitingReason.NEEDS_DECISION)  # fmt: skip
    return sum(_ask(generation) for generation in list(waiting[:100]))


@transaction.atomic
def _ask(generation: Generation) -> bool:
    job = lock_job(generation.job_id)
    rows = Generation.objects.filter(pk=generation.pk, attempt=generation.attempt, stage=Stage.SUBMIT_UNKNOWN)
    asked = rows.filter(status=Status.PROCESSING).update(waiting_reason=WaitingReason.NEEDS_DECISION)
    if asked:
        events.write_event(refresh_job(job), "needs_decision", generation=generation, message=generation.name)
    return bool(asked)


def forget_unwanted() -> int:
    """Unresolved submissions of cancelled work that FAL's history never mentioned; how many."""
    old = Attempt.objects.unresolved().filter(sent_at__lt=Now() - GIVE_UP_AFTER)
    unwanted = list(old.exclude(outcome=Attempt.Outcome.RUNNING)[:100])
    for attempt in unwanted:
        _settle(attempt)
        money.write_off([attempt.generation_id])
    return len(unwanted)


def hear_webhook(token: str, *, request_id: str) -> bool:
    """FAL says that a request is over: look at it now. False when no attempt has this token (any more).

    ``JobError`` ``webhook_mismatch`` when the attempt belongs to another request.
    """
    try:
        attempt = Attempt.objects.select_related("generation").filter(token=UUID(token)).first()
    except ValueError:
        return False
    if attempt is None:
        return False
    if attempt.request_id is None:
        try:
            adopt(attempt, request_id=request_id)
        except Job.DoesNotExist:
            return False
        attempt.refresh_from_db()
    if attempt.request_id is not None and attempt.request_id != request_id:
        raise JobError("webhook_mismatch", "This token belongs to another request.")
    Attempt.objects.running_at_provider().filter(pk=attempt.pk).update(next_poll_at=Now())
    return True
