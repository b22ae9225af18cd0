"""How much may a user still spend?"""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from accounts.models import Limits
from jobs.models import LedgerEntry
from jobs.services import money

pytestmark = pytest.mark.django_db


def write(owner, amount, state="actual"):
    LedgerEntry.objects.create(
        owner=owner, job_id=uuid4(), generation_id=uuid4(), engine="trellis", amount=Decimal(amount), state=state
    )


def test_it_works(alice, bob):
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal("20"))
    for state, amount in (("actual", "0.35"), ("held", "0.2"), ("released", "9")):
        write(alice, amount, state)
    write(bob, "5")
    answer = money.describe_budget(alice)
    resets_at = answer.pop("resets_at")
    assert answer == {"limit": "20.00", "spent": "0.55", "remaining": "19.45"}
    assert resets_at.endswith("-01T00:00:00Z")


def test_no_limit_is_null(alice):
    answer = money.describe_budget(alice)
    assert (answer["limit"], answer["remaining"], answer["spent"]) == (None, None, "0.00")


def test_nobody_has_less_than_nothing(alice, settings):
    settings.USER_BUDGET_USD_PER_MONTH = Decimal("1")
    write(alice, "1.5")  # the bill was higher than the estimate
    answer = money.describe_budget(alice)
    assert (answer["limit"], answer["remaining"], answer["spent"]) == ("1.00", "0.00", "1.50")
