"""What does FAL offer here? Told by the processes that have its key, read by everybody else."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models.functions import Now

from jobs import catalog
from jobs.models import Attempt, Provider

logger = logging.getLogger(__name__)

FAL = "fal"
ENDPOINT_GONE = "endpoint_gone"  # the type of an attempt whose endpoint FAL does not know (any more)
GONE_FOR = timedelta(hours=1)  # then one more request may try
_LATEST = 500  # attempts that are looked at
_OFFER = "fal-offer"
_OFFER_SECONDS = 5


def find_provider() -> Provider:
    return Provider.objects.get_or_create(name=FAL)[0]


def lock_provider() -> Provider:
    """Its row, held until the transaction ends. Always before any job's."""
    assert transaction.get_connection().in_atomic_block
    Provider.objects.get_or_create(name=FAL)
    return Provider.objects.select_for_update().get(name=FAL)


def fal_engines() -> list[str]:
    return [entry.id for entry in catalog.ENGINES.values() if entry.provider == FAL]


def publish_offer(engines: Sequence[str] | None = None) -> None:
    """Tell the other processes what may be asked for, now that the key is there. None: the whole table.

    Without those whose endpoints are gone.
    """
    gone = _find_gone_engines()
    offered = [engine for engine in (fal_engines() if engines is None else engines) if engine not in gone]
    Provider.objects.update_or_create(name=FAL, defaults={"engines": offered, "published_at": Now()})
    cache.delete(_OFFER)


def _find_gone_engines() -> frozenset[str]:
    """Those whose endpoints FAL did not know a short time ago: nobody else is to try them now."""
    latest = list(Attempt.objects.order_by("-pk").values_list("pk", flat=True)[:_LATEST])
    failed = Attempt.objects.filter(pk__in=latest, error_type=ENDPOINT_GONE, finished_at__gt=Now() - GONE_FOR)
    return frozenset(failed.values_list("engine", flat=True))


def withdraw_engine(engine: str) -> None:
    """FAL does not know its endpoint: it is not offered for some time. The others stay."""
    logger.error("FAL does not know the endpoint of %s any more: it is not offered for an hour.", engine)
    publish_offer()


def withdraw_offer() -> None:
    """There is no key any more."""
    Provider.objects.filter(name=FAL).exclude(engines=[]).update(engines=[], published_at=Now())
    cache.delete(_OFFER)


def read_offer() -> frozenset[str]:
    """The ids of the engines on offer; read from the database every few seconds."""
    return frozenset(cache.get_or_set(_OFFER, _read_offer, _OFFER_SECONDS) or ())


def _read_offer() -> list[str]:
    return Provider.objects.filter(name=FAL).values_list("engines", flat=True).first() or []
