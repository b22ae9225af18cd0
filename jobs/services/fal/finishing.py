"""Which collected models still want preview, measures and formats, and how do they end?"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from jobs.models import Artifact, Attempt, Generation
from jobs.models.generations import lease_for
from jobs.services.runs import NewArtifact, complete_generation
from jobs.states import Status

LEASE_SECONDS = 120  # a large model with every format, measured, with a wide margin
PUT_OFF_SECONDS = 20
CROWD = 4  # so many at once are nobody's only picture
MAX_CLAIMS = 3  # then the model is delivered without them: it is paid for


def waiting_to_be_finished() -> QuerySet[Attempt]:
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    return Attempt.objects.filter(
        free,
        collected_at__isnull=False,
        outcome__in=(Attempt.Outcome.RUNNING, Attempt.Outcome.FAILED),
        number=F("generation__attempt"),
        generation__status__in=(Status.PROCESSING, Status.FAILED),
    )


def is_crowded() -> bool:
    """Do several wait, so that none of them is urgent?"""
    return waiting_to_be_finished()[:CROWD].count() == CROWD


def claim_finishing() -> Attempt | None:
    """The next collected model, now this worker's; also one whose worker died."""
    for attempt in waiting_to_be_finished().order_by("collected_at")[:10]:
        rows = Attempt.objects.filter(pk=attempt.pk, finish_claims=attempt.finish_claims)
        if rows.update(lease_until=lease_for(LEASE_SECONDS), finish_claims=F("finish_claims") + 1):
            return Attempt.objects.select_related("generation__job").get(pk=attempt.pk)
    return None


def is_given_up(attempt: Attempt) -> bool:
    """Did this model end its workers again and again?"""
    return attempt.finish_claims > MAX_CLAIMS


def put_off(attempt: Attempt) -> None:
    """The machine lacks something just now, for which neither this model nor its worker is to blame."""
    rows = Attempt.objects.filter(pk=attempt.pk, finish_claims=attempt.finish_claims, lease_until__isnull=False)
    rows.update(lease_until=lease_for(PUT_OFF_SECONDS), finish_claims=F("finish_claims") - 1)


@transaction.atomic
def complete_finishing(
    attempt: Attempt, *, artifacts: Sequence[NewArtifact], warnings: Sequence[str], model: Artifact | None = None
) -> None:
    """All is made: the generation is done. ``model``: the stored model with its measures.

    ``AttemptLost`` when the run has no say any more.
    """
    generation = Generation.objects.get(pk=attempt.generation_id)
    generation.attempt = attempt.number
    kept = [*generation.warnings, *(name for name in warnings if name not in generation.warnings)]
    complete_generation(generation, artifacts=artifacts, warnings=kept, facts=generation.facts)
    if model is not None:
        model.save(update_fields=["faces", "vertices", "watertight", "bounds"])
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=Attempt.Outcome.COMPLETED, error_code="", lease_until=None, finished_at=Now()
    )
