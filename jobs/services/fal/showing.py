"""How do many generations show at once how far they are? One change of each job, whatever happens to how many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.db import transaction

from jobs.models import Generation, Job
from jobs.models.generations import lease_for
from jobs.services.derive import lock_job, refresh_job
from jobs.states import Stage, Status


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Where one run is."""

    generation_id: UUID
    job_id: UUID
    attempt: int
    stage: Stage
    percent: int
    lease_seconds: float | None = None  # None: nobody here need give a sign of life, the provider has it


def show(sights: Iterable[Sight]) -> None:
    """Write stages and progress, which never falls; runs that have no say any more are passed over."""
    by_job: dict[UUID, list[Sight]] = defaultdict(list)
    for sight in sights:
        by_job[sight.job_id].append(sight)
    for job_id in sorted(by_job):
        _show_job(job_id, by_job[job_id])


@transaction.atomic
def _show_job(job_id: UUID, sights: list[Sight]) -> None:
    try:
        job = lock_job(job_id)
    except Job.DoesNotExist:
        return
    changed = 0
    for (attempt, stage, percent, lease), group in groupby(sorted(sights, key=_key), key=_key):
        ids = [sight.generation_id for sight in group]
        rows = Generation.objects.filter(pk__in=ids, attempt=attempt, status=Status.PROCESSING)
        changed += rows.update(stage=stage, waiting_reason="", lease_until=lease_for(lease) if lease else None)
        rows.filter(progress__lt=percent).update(progress=percent)
    if changed:
        refresh_job(job)


def _key(sight: Sight) -> tuple[int, Stage, int, float]:
    return sight.attempt, sight.stage, sight.percent, sight.lease_seconds or 0.0
