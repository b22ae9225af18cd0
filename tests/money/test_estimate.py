"""What would work cost and take?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from jobs import catalog
from jobs.describe import format_money
from jobs.errors import JobError
from jobs.services import money

TRIPO = catalog.find_engine("tripo-v2.5")


def test_it_works():
    answer = money.estimate(TRIPO, options={}, count=3)
    assert (answer.amount, answer.per_generation, answer.currency) == (Decimal("0.90"), Decimal("0.30"), "USD")
    assert answer.seconds > 0


def test_options_have_their_price():
    assert money.estimate(TRIPO, options={"texture": "hd"}).amount == Decimal("0.40")
    assert money.estimate(TRIPO, options={"texture": "none"}).amount == Decimal("0.20")


def test_the_local_engine_is_free():
    assert money.estimate(catalog.LOCAL_ENGINE, options={}, count=25).amount == 0


def test_an_unknown_price_is_not_guessed():
    answer = money.estimate(catalog.find_engine("trellis-multi"), options={}, count=2)
    assert (answer.amount, answer.per_generation) == (None, None)


def test_a_misspelt_option_is_refused():
    with pytest.raises(JobError) as caught:
        money.estimate(TRIPO, options={"textur": "hd"})
    assert caught.value.code == "unknown_parameter"


@pytest.mark.parametrize(
    ("amount", "words"),
    [(None, None), ("0", "0.00"), ("0.3", "0.30"), ("0.375", "0.375"), ("1200", "1200.00"), ("0.0001", "0.0001")],
)
def test_money_in_words(amount, words):
    assert format_money(None if amount is None else Decimal(amount)) == words
