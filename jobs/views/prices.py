"""What does the upload page need to know of prices, to say the total as it is put together?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from jobs.catalog import EngineEntry, Surcharge
from jobs.services import money
from jobs.views.forms import COMMON, name_of_field, write_value


def describe_prices(engines: Sequence[EngineEntry], *, user: User) -> dict[str, Any]:
    """For the page's scripts: what each choice costs more or less, and what is left of the month's budget. USD."""
    remaining = money.read_budget(user).remaining
    return {
        "surcharges": {engine.id: [_describe(engine, each) for each in engine.surcharges] for engine in engines},
        "remaining": None if remaining is None else float(remaining),
    }


def _describe(engine: EngineEntry, surcharge: Surcharge) -> dict[str, Any]:
    option = engine.option(surcharge.option)
    assert option is not None, f"{engine.id} charges for {surcharge.option}, which it does not know"
    field = option.name if option.name in COMMON else name_of_field(engine, option)
    return {"field": field, "value": write_value(surcharge.value), "amount": float(surcharge.amount)}
