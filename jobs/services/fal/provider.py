"""What does FAL offer here? Told by the processes that have its key, read by everybody else."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache
from django.db import transaction
from django.db.models.functions import Now

from jobs import catalog
from jobs.models import Provider

FAL = "fal"
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
    """Tell the other processes what may be asked for, now that the key is there. None: the whole table."""
    offered = fal_engines() if engines is None else list(engines)
    Provider.objects.update_or_create(name=FAL, defaults={"engines": offered, "published_at": Now()})
    cache.delete(_OFFER)


def withdraw_offer() -> None:
    """There is no key any more."""
    Provider.objects.filter(name=FAL).exclude(engines=[]).update(engines=[], published_at=Now())
    cache.delete(_OFFER)


def read_offer() -> frozenset[str]:
    """The ids of the engines on offer; read from the database every few seconds."""
    return frozenset(cache.get_or_set(_OFFER, _read_offer, _OFFER_SECONDS) or ())


def _read_offer() -> list[str]:
    return Provider.objects.filter(name=FAL).values_list("engines", flat=True).first() or []
