"""Which processes are alive, and who holds what only one need do? By the database's clock."""

from __future__ import annotations

import os
import socket

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from image2model.version import VERSION
from jobs.models import Attempt, Generation, Lease, WorkerHeartbeat
from jobs.models.generations import lease_for
from jobs.services.derive import lock_job
from jobs.services.runs import Failure, fail_generation, hand_back, is_running, may_be_paid
from jobs.states import Status

MOST_CRASHES = 3  # of a work horse by itself over one picture
MOST_DEATHS = 5  # however it died: it may have been killed for another reason


def note_heartbeat(worker: str, *, queue: str) -> None:
    """This worker is alive."""
    if WorkerHeartbeat.objects.filter(name=worker).update(beat_at=Now()):
        return
    WorkerHeartbeat.objects.update_or_create(
        name=worker,
        defaults={"queue": queue, "pid": os.getpid(), "host": socket.gethostname(), "version": VERSION},
    )


def forget_worker(worker: str) -> None:
    """This worker ends in order."""
    WorkerHeartbeat.objects.filter(name=worker).delete()


def recover_runs_of(worker: str, *, by_itself: bool = False) -> int:
    """Hand back at once what a worker's dead work horse had in hand; how many. Called by its parent alone.

    ``by_itself``: nobody killed it, so the work is to blame and is given up sooner.
    """
    rows = Generation.objects.filter(
        status=Status.PROCESSING, attempts__worker=worker, attempts__outcome=Attempt.Outcome.RUNNING
    )
    return sum(_recover(generation, by_itself=by_itself) for generation in rows.distinct())


@transaction.atomic
def _recover(generation: Generation, *, by_itself: bool) -> bool:
    lock_job(generation.job_id)
    most = MOST_CRASHES if by_itself else MOST_DEATHS
    if generation.crashes + 1 >= most and is_running(generation) and not may_be_paid(generation):
        return fail_generation(generation, failure=_describe_crashes(most))
    return hand_back(generation, reason="its work horse died")


def _describe_crashes(number: int) -> Failure:
    return Failure(
        code="worker_crashed",
        message=f"The worker died {number} times over this picture.",
        hint="Try another picture, or a smaller one; the administrator finds the reason in the worker's log.",
    )


def hold_lease(name: str, *, holder: str, seconds: float) -> bool:
    """Take or renew a lease; False while somebody else holds it."""
    free = Lease.objects.filter(Q(until__lt=Now()) | Q(holder=holder), name=name)
    if free.update(holder=holder, until=lease_for(seconds)):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    Lease.objects.get_or_create(name=name, defaults={"holder": holder, "until": lease_for(seconds)})
    return Lease.objects.filter(name=name, holder=holder).exists()


def is_lease_live(name: str) -> bool:
    return Lease.objects.filter(name=name, until__gte=Now()).exists()


def release_lease(name: str, *, holder: str) -> None:
    Lease.objects.filter(name=name, holder=holder).delete()
