"""Can anything in FAL's JSON hurt us later, in Python or in the database?"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from jobs.engines.fal.reading import Answer, read_decimal, read_history, read_price, read_time


def read(body: str | bytes) -> Any:
    return Answer(200, {}, body.encode() if isinstance(body, str) else body).read_json()


def test_it_works() -> None:
    assert read('{"größe": [1, 2.5, null, true]}') == {"größe": [1, 2.5, None, True]}


@pytest.mark.parametrize("body", ["", "{", "<html>", b"\xff\xfe", "9" * 5000, "[" * 100_000])
def test_what_is_no_json_is_nothing(body: str | bytes) -> None:
    assert read(body) is None


def test_numbers_that_json_does_not_know_are_nothing() -> None:
    assert read('{"a": NaN, "b": [Infinity, -Infinity]}') == {"a": None, "b": [None, None]}


def test_characters_that_postgresql_refuses_are_taken_out() -> None:
    assert read(r'{"a\u0000b": "c\u0000d \ud800"}') == {"ab": "cd ?"}


def test_endless_nesting_is_cut() -> None:
    assert json.dumps(read("[" * 200 + "]" * 200)) == "[" * 51 + "null" + "]" * 51


@pytest.mark.parametrize(
    ("value", "number"),
    [("0.40", "0.40"), (0.02, "0.02"), (3, "3"), (" 7 ", "7"), ("0", "0")],
)
def test_numbers_are_read_exactly(value: object, number: str) -> None:
    assert read_decimal(value) == Decimal(number)


@pytest.mark.parametrize("value", [None, True, "", "x", "NaN", "-0.1", "1e9", [], {}])
def test_other_values_are_no_number(value: object) -> None:
    assert read_decimal(value) is None


@pytest.mark.parametrize("value", [None, 5, "", "yesterday", {}])
def test_other_values_are_no_time(value: object) -> None:
    assert read_time(value) is None


def test_a_time_without_zone_is_utc() -> None:
    moment = read_time("2026-11-22T10:00:00.123456")
    assert moment is not None
    assert moment.isoformat() == "2026-11-22T10:00:00.123456+00:00"


@pytest.mark.parametrize("item", [None, [], "x", {}, {"request_id": 5}, {"request_id": "../x"}])
def test_a_history_line_without_id_is_left_out(item: object) -> None:
    assert read_history(item) is None


@pytest.mark.parametrize(
    "said",
    [None, [], {}, {"prices": None}, {"prices": ["x", {"endpoint_id": "b"}, {"endpoint_id": "a", "unit_price": "x"}]}],
)
def test_a_price_list_without_the_endpoint_has_no_price(said: object) -> None:
    assert read_price(said, endpoint="a") is None
