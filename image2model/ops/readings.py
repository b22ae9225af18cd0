"""What came of the latest sweep, and of the latest looks at files and submissions?"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from image2model.models import Reading

logger = logging.getLogger(__name__)

SWEEP, FILES, SUBMISSIONS = "sweep", "files", "submissions"
PACE_SECONDS = 15.0  # between two notes of sweeps that went well
MOST_NAMED = 5

_swept_at = -PACE_SECONDS


@contextmanager
def note_sweep() -> Iterator[None]:
    """How long it took, or why it failed. Noting it never fails a sweep."""
    global _swept_at
    began = time.monotonic()
    try:
        yield
    except Exception as error:
        _swept_at = -PACE_SECONDS  # the next one that goes well is noted at once
        _try_to_keep(SWEEP, {"error": type(error).__name__, "failed_at": _tell_time()})
        raise
    if time.monotonic() - _swept_at >= PACE_SECONDS:
        _swept_at = time.monotonic()
        _try_to_keep(SWEEP, {"error": "", "succeeded_at": _tell_time(), "seconds": round(_swept_at - began, 3)})


def _try_to_keep(name: str, facts: dict[str, Any]) -> None:
    try:
        keep(name, facts)
    except (DatabaseError, InterfaceError) as error:
        logger.debug("A reading could not be kept: %s", error)


def keep(name: str, facts: dict[str, Any]) -> None:
    """Put these facts over the earlier ones of this name."""
    earlier = read(name)
    Reading.objects.update_or_create(name=name, defaults={"facts": {**earlier, **facts}, "taken_at": Now()})


def read(name: str) -> dict[str, Any]:
    """Empty when it was never taken."""
    return Reading.objects.filter(name=name).values_list("facts", flat=True).first() or {}


def is_due(name: str, *, every: float) -> bool:
    row = Reading.objects.filter(name=name).values_list("taken_at", flat=True).first()
    return row is None or (timezone.now() - row).total_seconds() >= every


def look_at_files() -> None:
    """Are there files that no row names? The names are for people; they hold ids alone."""
    from jobs.services.check import find_orphans

    orphans = list(find_orphans())
    keep(FILES, {"orphans": len(orphans), "named": orphans[:MOST_NAMED], "looked_at": _tell_time()})


def look_at_submissions() -> None:
    """Was anything sent to FAL while an earlier paid request for it was neither over nor given up?"""
    keep(SUBMISSIONS, {"doubled": count_doubled(), "looked_at": _tell_time()})


def count_doubled() -> int:
    from jobs.models import Attempt
    from jobs.models.attempts import MAY_BE_PAID

    begins = OuterRef("sent_at")
    earlier = Attempt.objects.filter(
        Q(finished_at=None) | Q(finished_at__gt=begins),
        Q(settled_at=None) | Q(settled_at__gt=begins),
        generation=OuterRef("generation"),
        number__lt=OuterRef("number"),
        submission__in=MAY_BE_PAID,
        sent_at__lte=begins,
    )
    later = Attempt.objects.filter(number__gt=1, submission__in=MAY_BE_PAID).exclude(sent_at=None)
    return later.filter(Exists(earlier)).count()


def _tell_time() -> str:
    return timezone.now().isoformat().replace("+00:00", "Z")
