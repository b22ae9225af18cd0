"""What must not happen after a restore? That what was sent to a provider since the backup is sent once more."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from jobs.models import MAY_BE_PAID, Attempt, Generation, Submission
from jobs.services.derive import lock_job
from jobs.services.fal.provider import fal_engines
from jobs.services.fal.unknown import mark_unknown
from jobs.services.runs import Failure, fail_generation
from jobs.states import ACTIVE


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What was done about work that was under way when the backup was taken."""

    ended: int  # waited for its turn: it may have been sent since
    unknown: int  # was being sent: FAL's history will tell


def settle_after_restore() -> Settled:
    """Before any worker starts. Twice does no harm. What FAL had accepted is followed on and costs nothing more."""
    sending = Attempt.objects.filter(submission=Submission.SENDING).values_list("pk", flat=True)
    unknown = sum(mark_unknown(pk, reason="a backup was restored") for pk in list(sending))
    waiting = Generation.objects.filter(status__in=ACTIVE, engine__in=fal_engines())
    return Settled(ended=sum(_end(generation) for generation in list(waiting)), unknown=unknown)


@transaction.atomic
def _end(generation: Generation) -> bool:
    lock_job(generation.job_id)
    is_at_fal = Attempt.objects.filter(
        generation=generation, number=generation.attempt, submission__in=MAY_BE_PAID, settled_at=None
    )
    is_collected = Attempt.objects.filter(generation=generation, number=generation.attempt, collected_at__isnull=False)
    if is_at_fal.exists() or is_collected.exists():
        return False
    return fail_generation(generation, failure=_RESTORED)


_RESTORED = Failure(
    code="provider_outcome_unknown",
    message="A backup was restored while this picture was waiting; it may have been sent to FAL since the backup.",
    hint="Run it again if you accept that it may be charged twice.",
    retryable=True,
)
