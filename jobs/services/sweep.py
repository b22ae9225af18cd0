"""What was lost on the way, and how does it end all the same? Reconciliation from the rows."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from jobs import catalog, queue
from jobs.models import Conversion, Generation, WorkerHeartbeat
from jobs.services.delete import list_purgeable, purge_job
from jobs.services.derive import lock_job, settle_finished_jobs
from jobs.services.expiry import expire_old_jobs, forget_expired_jobs
from jobs.services.fal import following
from jobs.services.fal.collecting import waiting_to_be_collected
from jobs.services.fal.dispatch import explain_waiting, may_claim
from jobs.services.fal.finishing import waiting_to_be_finished
from jobs.services.fal.unknown import ask_person, forget_unwanted, mark_abandoned, resend_overdue
from jobs.services.formats import MAX_CLAIMS, fail_conversion
from jobs.services.idempotency import forget_old_keys
from jobs.services.runs import Failure, fail_generation, hand_back, has_lapsed, may_be_paid, note_provider_has_it
from jobs.services.webhooks.delivering import forget_old_deliveries
from jobs.states import Status

logger = logging.getLogger(__name__)

MAX_CRASHES = 5  # a poison picture must not eat the workers
FORGET_WORKER_AFTER = timedelta(hours=1)


@dataclass(kw_only=True)
class Swept:
    """What one sweep did."""

    handed_back: int = 0
    given_up: int = 0
    rung: int = 0
    settled: int = 0
    purged: int = 0
    expired: int = 0
    unknown: int = 0  # submissions whose sender died before it heard the answer
    resent: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, entry.name) for entry in fields(self) if entry.name != "rung")


def sweep() -> Swept:
    """Bring every accepted job on its way again. Two at once are harmless."""
    swept = Swept()
    swept.unknown = mark_abandoned()
    _recover_lost_runs(swept)
    swept.resent = resend_overdue()
    _give_up_conversions(swept)
    swept.settled = settle_finished_jobs()
    swept.purged = _purge_buried_jobs()
    swept.expired = expire_old_jobs()
    ask_person()
    forget_unwanted()
    following.forget_unwanted()
    explain_waiting()
    swept.rung = _ring_for_waiting()
    _forget_old_rows()
    if swept:
        logger.info("Sweep: %s", swept)
    return swept


def _recover_lost_runs(swept: Swept) -> None:
    for generation in Generation.objects.filter(status=Status.PROCESSING, lease_until__lt=Now())[:500]:
        _recover(generation, swept)


@transaction.atomic
def _recover(generation: Generation, swept: Swept) -> None:
    """Looked at again with the job locked: the run may have spoken meanwhile."""
    lock_job(generation.job_id)
    if not has_lapsed(generation):
        return
    if may_be_paid(generation):
        note_provider_has_it(generation)
        return
    if generation.crashes + 1 >= MAX_CRASHES:
        swept.given_up += fail_generation(generation, failure=_CRASHED)
    else:
        swept.handed_back += hand_back(generation, reason="its worker was lost")


_CRASHED = Failure(
    code="worker_crashed",
    message=f"The worker died {MAX_CRASHES} times over this picture.",
    hint="Try another picture, or a smaller one; the administrator finds the reason in the worker's log.",
)


def _give_up_conversions(swept: Swept) -> None:
    dead = Conversion.objects.filter(status=Status.PROCESSING, lease_until__lt=Now(), claim__gte=MAX_CLAIMS)
    for conversion in dead:
        swept.given_up += fail_conversion(
            conversion, code="conversion_failed", message="The worker died several times over this conversion."
        )


def _ring_for_waiting() -> int:
    """A bell for every queue that has work and hears nothing."""
    waiting = set(Generation.objects.filter(status=Status.QUEUED).values_list("engine", flat=True).distinct())
    queues = {catalog.ENGINES[engine].queue for engine in waiting if engine in catalog.ENGINES} - {queue.FAL}
    if may_claim() or waiting_to_be_collected().exists():
        queues.add(queue.FAL)
    lost = Q(status=Status.PROCESSING, lease_until__lt=Now())
    if Conversion.objects.filter(Q(status=Status.QUEUED) | lost).exists() or waiting_to_be_finished().exists():
        queues.add(queue.POST)
    return sum(queue.ring(name) for name in sorted(queues) if not queue.has_bell(name))


def _purge_buried_jobs() -> int:
    buried = list(list_purgeable().values_list("pk", flat=True)[:100])
    for job_id in buried:
        purge_job(job_id)
    return len(buried)


def _forget_old_rows() -> None:
    forget_old_keys()
    forget_old_deliveries()
    forget_expired_jobs()
    WorkerHeartbeat.objects.filter(beat_at__lt=Now() - FORGET_WORKER_AFTER).delete()
