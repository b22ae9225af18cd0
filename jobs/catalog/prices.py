"""What will one generation cost?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jobs.catalog.checks import check_options
from jobs.catalog.entry import EngineEntry


def estimate_price(engine: EngineEntry, *, options: Mapping[str, Any]) -> Decimal | None:
    """US dollars for one generation with these options; None when the engine's price is not known."""
    values = check_options(engine, options)
    if engine.price is None:
        return None
    extra = [each.amount for each in engine.surcharges if values.get(each.option) == each.value]
    return sum(extra, engine.price)
