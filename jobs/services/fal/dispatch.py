"""Which generations may go to FAL now, and why do the others wait?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from jobs.models import Attempt, Generation, Job, Provider, Submission
from jobs.services import money
from jobs.services.derive import in_locking_order, lock_job, refresh_job
from jobs.services.fal.breaker import is_blocked
from jobs.services.fal.fallback import switch_waiting_job
from jobs.services.fal.provider import fal_engines, find_provider, lock_provider
from jobs.services.runs import claim_of_job
from jobs.services.turns import plan_turns
from jobs.states import Status, WaitingReason

STOPPING_TIME = timedelta(minutes=10)
PATIENCE = timedelta(minutes=2)  # with a breaker that is open, before jobs that said so fall back to the local engine


def claim_for_sending(worker: str, *, at_most: int) -> list[Attempt]:
    """The next generations to prepare and send, now this worker's: in turns, and no more than FAL may have at once."""
    claimed: list[Generation] = []
    step = 1 if money.is_number_limited() else at_most  # a day's last place is given to one
    while len(claimed) < at_most and (more := _claim_some(worker, at_most=step)):
        claimed += more
    return list_attempts(claimed)


def list_attempts(generations: Sequence[Generation]) -> list[Attempt]:
    """Their present attempts, with all that is needed to send them."""
    latest = Attempt.objects.filter(generation__in=generations, number=F("generation__attempt")).order_by("pk")
    return list(latest.select_related("generation__job").prefetch_related("generation__inputs__image"))


@transaction.atomic
def _claim_some(worker: str, *, at_most: int) -> list[Generation]:
    """The provider's row is locked, so that workers that claim at once do not exceed the limit together, and all jobs
    before any of them is changed: two transactions that lock in one order cannot block each other.
    """
    free = min(at_most, count_free(lock_provider()))
    if free <= 0 or not money.is_site_open():
        return []
    turns = Counter(plan_turns(fal_engines(), at_most=free, except_owners=money.find_braked_owners()))
    jobs = list(Job.objects.select_for_update().filter(pk__in=turns).order_by("pk"))
    jobs.sort(key=in_locking_order)
    return [each for job in jobs for each in _claim_of(job, worker=worker, at_most=turns[job.pk])]


def _claim_of(job: Job, *, worker: str, at_most: int) -> list[Generation]:
    return claim_of_job(job, engines=fal_engines(), worker=worker, at_most=at_most)


def count_free(provider: Provider) -> int:
    """How many more may be sent now."""
    if is_blocked(provider):
        return 0
    if provider.breaker == Provider.Breaker.HALF_OPEN:
        return 0 if _list_being_sent().exists() else 1
    limit: int = settings.FAL_CONCURRENCY
    # What was told to stop some time ago and does not must not keep the others out for ever.
    running = Attempt.objects.running_at_provider().exclude(cancel_asked_at__lt=Now() - STOPPING_TIME)
    return limit - _list_being_sent().count() - running.count()


def _list_being_sent() -> QuerySet[Attempt]:
    being = Q(submission=Submission.PREPARING, outcome=Attempt.Outcome.RUNNING) | Q(submission=Submission.SENDING)
    return Attempt.objects.filter(being)


def may_claim() -> bool:
    """Would a claim find something?"""
    waiting = Generation.objects.filter(status=Status.QUEUED, engine__in=fal_engines())
    allowed = waiting.exclude(owner__in=money.find_braked_owners())
    return allowed.exists() and money.is_site_open() and count_free(find_provider()) > 0


def explain_waiting() -> None:
    """Say at each waiting generation why it waits, and let those go that would rather have a local model."""
    provider = find_provider()
    if is_blocked(provider):
        _explain(WaitingReason.ENGINE_PAUSED, instead_of=[WaitingReason.QUEUE, WaitingReason.ENGINE_BUSY])
        if _is_down_for_long(provider):
            _fall_back()
    elif count_free(provider) > 0:
        _explain(WaitingReason.QUEUE, instead_of=[WaitingReason.ENGINE_PAUSED])
    else:
        _explain(WaitingReason.ENGINE_BUSY, instead_of=[WaitingReason.ENGINE_PAUSED, WaitingReason.QUEUE])
    _explain_brake()


def _explain_brake() -> None:
    """The day's number of submissions, of all or of one user, is reached; or there is room again."""
    braked = Q(owner__in=money.find_braked_owners()) if money.is_site_open() else Q()
    _explain(WaitingReason.BUDGET, instead_of=[WaitingReason.QUEUE, WaitingReason.ENGINE_BUSY], of=braked)
    if braked:
        _explain(WaitingReason.QUEUE, instead_of=[WaitingReason.BUDGET], of=~braked)


def _explain(reason: WaitingReason, *, instead_of: Sequence[WaitingReason], of: Q | None = None) -> None:
    waiting = Q(generations__status=Status.QUEUED, generations__engine__in=fal_engines())
    jobs = Job.objects.active().filter(of or Q(), waiting, generations__waiting_reason__in=instead_of)
    for job_id in list(jobs.order_by("pk").values_list("pk", flat=True).distinct()[:200]):
        _explain_job(job_id, reason)


@transaction.atomic
def _explain_job(job_id: UUID, reason: WaitingReason) -> None:
    job = lock_job(job_id)
    if job.generations.filter(status=Status.QUEUED, engine__in=fal_engines()).update(waiting_reason=reason):
        refresh_job(job)


def _is_down_for_long(provider: Provider) -> bool:
    """A refused account is told at once; a breaker may close again soon."""
    rows = Provider.objects.filter(pk=provider.pk)
    return rows.filter(~Q(paused_reason="") | Q(opened_at__lt=Now() - PATIENCE)).exists()


def _fall_back() -> None:
    jobs = Job.objects.active().filter(
        fallback="local", generations__status=Status.QUEUED, generations__engine__in=fal_engines()
    )
    for job_id in list(jobs.order_by("pk").values_list("pk", flat=True).distinct()[:50]):
        switch_waiting_job(job_id)
