"""GET /api/v1/usage"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from jobs.models import Generation, LedgerEntry
from jobs.services import money
from tests.api.client import Api, assert_refused
from tests.factories import finish_job, make_job

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def api(alice) -> Api:
    return Api(alice)


def write(owner, amount, *, state="actual", at=None, engine="trellis"):
    entry = LedgerEntry.objects.create(
        owner=owner, job_id=uuid4(), generation_id=uuid4(), engine=engine, amount=Decimal(amount), state=state
    )
    LedgerEntry.objects.filter(pk=entry.pk).update(created_at=at or datetime.now(UTC))


def test_it_works(api, alice, bob):
    last_second, first_second = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    write(alice, "0.02", at=last_second)
    write(alice, "0.02", at=last_second)
    write(alice, "0.30", at=first_second, engine="tripo-v2.5")
    write(alice, "0.10", at=first_second, engine="tripo-v2.5", state="held")
    write(alice, "9", at=first_second, state="released")
    write(bob, "7", at=first_second)
    write(alice, "5", at=datetime(2026, 3, 3, tzinfo=UTC))

    body = api.get("/api/v1/usage?from=2026-03-01&to=2026-03-02").json()

    assert (body["from"], body["to"], body["currency"]) == ("2026-03-01", "2026-03-02", "USD")
    assert body["results"] == [
        {
            "day": "2026-03-02",
            "engine": {"id": "tripo-v2.5", "name": "Tripo v2.5"},
            "generations": 2,
            "actual": "0.30",
            "held": "0.10",
        },
        {
            "day": "2026-03-01",
            "engine": {"id": "trellis", "name": "TRELLIS"},
            "generations": 2,
            "actual": "0.04",
            "held": "0.00",
        },
    ]
    assert body["total"] == {"generations": 4, "actual": "0.34", "held": "0.10"}


def test_without_days_it_is_this_month(api, alice):
    write(alice, "0.30")
    write(alice, "0.30", at=datetime.now(UTC) - timedelta(days=32))
    body = api.get("/api/v1/usage/").json()
    today = datetime.now(UTC).date()
    assert (body["from"], body["to"]) == (today.replace(day=1).isoformat(), today.isoformat())
    assert body["total"]["actual"] == "0.30"


def test_models_of_the_local_engine_cost_nothing(api, alice, bob):
    finish_job(make_job(alice, pictures=2))
    finish_job(make_job(bob))
    (row,) = api.get("/api/v1/usage").json()["results"]
    assert (row["engine"]["id"], row["generations"], row["actual"]) == ("local", 2, "0.00")


def test_a_new_user_has_used_nothing(api):
    body = api.get("/api/v1/usage").json()
    assert body["results"] == []
    assert body["total"] == {"generations": 0, "actual": "0.00", "held": "0.00"}


def test_an_engine_that_is_gone_keeps_its_rows(api, alice):
    write(alice, "0.5", engine="of-old")
    assert api.get("/api/v1/usage").json()["results"][0]["engine"] == {"id": "of-old", "name": "of-old"}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("to=", "to"),
        ("from=2026-02-02&to=2026-02-01", "from"),
        ("from=2024-01-01&to=2026-02-01", "from"),
        ("from=0001-01-01", "from"),
        ("to=9999-12-31", "to"),
        ("day=2026-01-01", "day"),
        ("from=2026-01-01&from=2026-01-02", "from"),
    ],
)
def test_it_refuses(api, query, parameter):
    body = assert_refused(api.get(f"/api/v1/usage?{query}"), 400, "invalid_parameter")
    assert body["details"]["parameter"] == parameter


def test_a_reading_key_is_enough(alice):
    assert Api(alice, scopes=("read",)).get("/api/v1/usage").status_code == 200


def test_by_engine(alice):
    for day, engine, amount in ((1, "trellis", "1"), (2, "trellis", "1"), (2, "rodin", "5")):
        write(alice, amount, engine=engine, at=datetime(2026, 3, day, tzinfo=UTC))
    rows = money.add_up_engines(money.read_usage(alice, since=date(2026, 3, 1), until=date(2026, 3, 31)))
    assert [(row.engine, row.generations, row.actual) for row in rows] == [("rodin", 1, 5), ("trellis", 2, 2)]
    assert Generation.objects.count() == 0
