"""Which amounts does the environment take?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from image2model.configuration import ConfigurationError, read_configuration


def test_it_works():
    values = read_configuration({"SITE_BUDGET_USD_PER_MONTH": "12.50", "MAX_SUBMISSIONS_PER_DAY": "3"})
    assert values["SITE_BUDGET_USD_PER_MONTH"] == Decimal("12.50")
    assert values["MAX_SUBMISSIONS_PER_DAY"] == 3


def test_empty_is_no_limit():
    values = read_configuration({"SITE_BUDGET_USD_PER_MONTH": " "})
    assert values["SITE_BUDGET_USD_PER_MONTH"] is None
    assert values["USER_BUDGET_USD_PER_MONTH"] is None
    assert values["MAX_SUBMISSIONS_PER_DAY"] is None


@pytest.mark.parametrize("amount", ["much", "-1", "nan", "inf", "1,50", "1e9"])
def test_what_is_no_amount_is_refused_in_one_line(amount):
    with pytest.raises(ConfigurationError, match="SITE_BUDGET_USD_PER_MONTH must be an amount"):
        read_configuration({"SITE_BUDGET_USD_PER_MONTH": amount})
