"""What would work cost and take?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs import catalog, progress
from jobs.describe import CURRENCY
from jobs.errors import JobError


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """``amount`` and ``per_generation`` are None where the engine's price is not known."""

    amount: Decimal | None
    currency: str
    seconds: int
    per_generation: Decimal | None


def estimate(engine: catalog.EngineEntry, *, options: Mapping[str, Any], count: int = 1) -> Estimate:
    """For so many generations with these options, or ``JobError`` for an option that the engine does not take."""
    price = catalog.estimate_price(engine, options=options)
    return Estimate(
        amount=None if price is None else price * count,
        currency=CURRENCY,
        seconds=progress.estimate_seconds(engine.id, count=count),
        per_generation=price,
    )


def find_price(engine_id: str, *, options: Mapping[str, Any]) -> Decimal | None:
    """Of one generation as it was accepted; None when nobody knows.

    Options that the engine does not take any more, since it changed or is another one now, are passed over.
    """
    engine = catalog.ENGINES.get(engine_id)
    if engine is None:
        return None
    try:
        return catalog.estimate_price(engine, options=options)
    except JobError:
        return engine.price


def is_free(engine_id: str) -> bool:
    """Does nobody have to be paid for this engine, whatever is asked of it?"""
    engine = catalog.ENGINES.get(engine_id)
    return engine is not None and engine.provider == catalog.LOCAL_ENGINE.provider
