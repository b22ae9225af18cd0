"""POST /api/v1/estimate, and what an upload says of its cost"""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import Limits
from jobs.services import money
from tests.api.client import Api, assert_refused
from tests.factories import make_picture
from tests.money.work import bill, make_paid_job, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(alice) -> Api:
    return Api(alice)


def test_it_works(api, alice):
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal("20"))
    make_paid_job(alice, pictures=2)
    body = api.post("/api/v1/estimate", {"engine": "tripo-v2.5", "count": 3, "options": {"texture": "hd"}}).json()
    assert (body["amount"], body["per_generation"], body["currency"]) == ("1.20", "0.40", "USD")
    assert body["seconds"] > 0
    budget = body["budget"]
    assert (budget["limit"], budget["spent"], budget["remaining"]) == ("20.00", "0.60", "19.40")


def test_an_unknown_price_is_null(api):
    body = api.post("/api/v1/estimate", {"engine": "trellis-multi", "count": 2}).json()
    assert (body["amount"], body["per_generation"]) == (None, None)


def test_a_misspelt_option_is_refused(api):
    asked = {"engine": "tripo-v2.5", "options": {"textur": "hd"}}
    assert_refused(api.post("/api/v1/estimate", asked), 400, "unknown_parameter")


def test_an_upload_says_what_it_will_cost(api):
    body = api.upload(make_picture(1), make_picture(2), engine="tripo-v2.5", texture="hd").json()
    assert body["estimate"]["amount"] == "0.80"
    job = api.get(f"/api/v1/jobs/{body['job_id']}").json()
    assert job["cost"] == {"estimated": "0.80", "actual": None, "currency": "USD"}


def test_a_job_says_what_it_has_cost(api, alice):
    job = make_paid_job(alice, pictures=2)
    attempt = send()
    bill(attempt, raw_result={}, billable_units=Decimal(1), unit_price=Decimal("0.25"))
    money.settle(attempt)
    body = api.get(f"/api/v1/jobs/{job.pk}").json()
    assert body["cost"] == {"estimated": "0.60", "actual": "0.25", "currency": "USD"}
    assert [row["cost"]["actual"] for row in body["generations"]] == ["0.25", None]


def test_above_the_budget_an_upload_is_refused(api, alice):
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal("0.50"))
    response = api.upload(make_picture(1), make_picture(2), engine="tripo-v2.5")
    body = assert_refused(response, 403, "budget_exceeded")
    assert {"limit", "spent", "needed", "resets_at", "which"} <= set(body["details"])
    assert body["hint"]


def test_the_account_tells_the_budget(api, alice):
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal("1"))
    make_paid_job(alice)
    budget = api.get("/api/v1/account").json()["budget"]
    assert (budget["limit"], budget["spent"], budget["remaining"]) == ("1.00", "0.30", "0.70")
