"""What does a unit of an endpoint cost? Asked of FAL once an hour; not knowing it stops nothing."""

from __future__ import annotations

import time
from decimal import Decimal

from jobs.engines.fal import FalClient, FalError

_KEEP_SECONDS = 3600.0
_KEEP_UNKNOWN_SECONDS = 60.0
_known: dict[str, tuple[float, Decimal | None]] = {}


async def read_price(client: FalClient, endpoint: str) -> Decimal | None:
    """USD for one unit; None when FAL does not say."""
    until, price = _known.get(endpoint, (0.0, None))
    if time.monotonic() < until:
        return price
    price = await _ask(client, endpoint)
    _known[endpoint] = (time.monotonic() + (_KEEP_UNKNOWN_SECONDS if price is None else _KEEP_SECONDS), price)
    return price


async def _ask(client: FalClient, endpoint: str) -> Decimal | None:
    try:
        price = await client.price(endpoint)
    except FalError:
        return None
    return price.amount if price is not None and price.currency == "USD" else None
