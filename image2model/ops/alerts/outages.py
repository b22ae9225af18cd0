"""When did it begin, when was it told, when did it end? One row for each outage, so that a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from image2model.models import Outage
from image2model.ops.alerts.troubles import Trouble

CALM_SECONDS = 60.0  # it must be gone for so long to be over: what comes and goes is one outage
KEEP_FOR = timedelta(days=90)


def note_troubles(troubles: Sequence[Trouble], *, calm: float = CALM_SECONDS) -> None:
    """Open what is new, keep open what lasts, close what is gone. Called by one process at a time."""
    now = timezone.now()
    for trouble in troubles:
        _note(trouble, now)
    gone = list_open().exclude(name__in=[trouble.name for trouble in troubles])
    over = gone.filter(seen_at__lte=now - timedelta(seconds=calm))
    over.filter(alarmed_at=None).delete()  # over before it was worth a word
    over.update(ended_at=now)
    Outage.objects.filter(ended_at__lt=now - KEEP_FOR).delete()


def _note(trouble: Trouble, now: datetime) -> None:
    words = {"summary": trouble.summary, "advice": trouble.advice, "seen_at": now}
    outage = list_open().filter(name=trouble.name).first()
    if outage is None:
        outage = Outage.objects.create(name=trouble.name, began_at=now, **words)
    else:
        list_open().filter(pk=outage.pk).update(**words)
    if now - outage.began_at >= timedelta(seconds=trouble.patience):
        Outage.objects.filter(pk=outage.pk, alarmed_at=None).update(alarmed_at=now)


def list_open() -> QuerySet[Outage]:
    return Outage.objects.filter(ended_at=None)


def list_recent(limit: int = 20) -> list[Outage]:
    """Those that were worth a word, the newest first, with what was told of them."""
    return list(Outage.objects.exclude(alarmed_at=None).prefetch_related("notices")[:limit])
