"""What does a job or a model cost, in a few words? Nothing is said of what is free."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from jobs.describe import add_up
from jobs.models import Generation
from jobs.templatetags.wording import say_amount


def say_cost(generations: Sequence[Generation]) -> str:
    """``$0.25`` in the end; before it ``about $0.60``, or ``$0.25 so far, about $0.60 in all``."""
    estimated = add_up(row.cost_estimated for row in generations)
    actual = sum((row.cost_actual or Decimal() for row in generations), Decimal())
    if estimated == actual == 0:
        return ""
    if all(row.cost_actual is not None for row in generations):
        return say_amount(actual)
    about = "price unknown" if estimated is None else f"about {say_amount(estimated)}"
    return f"{say_amount(actual)} so far, {about} in all" if actual else about
