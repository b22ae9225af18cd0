"""What did an attempt cost in the end?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from jobs import services
from jobs.models import Attempt, Generation, Submission
from jobs.services import money, runs
from jobs.services.fal import submission
from jobs.states import WaitingReason
from tests.factories import finish_job, make_artifact, make_job
from tests.money.work import PRICE, bill, claim, fail, make_paid_job, read_ledger, send

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def costs(attempt):
    """What the attempt and its generation say."""
    attempt.refresh_from_db()
    return attempt.cost, Generation.objects.get(pk=attempt.generation_id).cost_actual


def test_it_works(alice):
    make_paid_job(alice)
    attempt = send()
    bill(attempt, billable_units=Decimal(2), unit_price=Decimal("0.21"), raw_result={})
    assert money.settle(attempt) == Decimal("0.42")
    assert read_ledger() == [("actual", Decimal("0.42"), 1)]
    assert costs(attempt) == (Decimal("0.42"), Decimal("0.42"))


def test_twice_does_no_harm(alice):
    make_paid_job(alice)
    attempt = send()
    bill(attempt, raw_result={})
    assert money.settle(attempt) == money.settle(attempt) == PRICE
    assert read_ledger() == [("actual", PRICE, 1)]


def test_a_bill_that_comes_later_counts(alice):
    make_paid_job(alice)
    attempt = send()
    bill(attempt, raw_result={})
    money.settle(attempt)
    bill(attempt, billable_units=Decimal(1), unit_price=Decimal("0.25"))
    money.settle(attempt)
    assert read_ledger() == [("actual", Decimal("0.25"), 1)]
    assert costs(attempt) == (Decimal("0.25"), Decimal("0.25"))


def test_a_result_without_a_bill_costs_the_estimate(alice):
    make_paid_job(alice)
    attempt = send()
    runs.complete_generation(attempt.generation, artifacts=[make_artifact(attempt.generation)])
    assert money.settle(attempt) == PRICE


def test_units_without_a_price_cost_the_estimate(alice):
    make_paid_job(alice)
    attempt = send()
    bill(attempt, billable_units=Decimal(1))
    assert money.settle(attempt) == PRICE


def test_a_failure_costs_nothing(alice):
    make_paid_job(alice)
    attempt = send()
    fail(attempt)
    assert read_ledger() == [("held", PRICE, 1)]  # it may still be charged
    assert money.settle(attempt) == 0
    assert read_ledger() == [("released", PRICE, 1)]
    assert costs(attempt) == (0, 0)


def test_a_failure_that_was_billed_costs_what_was_billed(alice):
    make_paid_job(alice)
    attempt = send()
    fail(attempt)
    bill(attempt, billable_units=Decimal(1), unit_price=Decimal("0.30"))
    assert money.settle(attempt) == PRICE
    assert read_ledger() == [("actual", PRICE, 1)]


def test_a_result_for_nothing_costs_nothing(alice):
    make_paid_job(alice)
    attempt = send()
    bill(attempt, raw_result={}, billable_units=Decimal(0))
    assert money.settle(attempt) == 0
    assert read_ledger() == [("released", PRICE, 1)]


def test_a_cancelled_one_that_ran_on_is_paid(alice):
    job = make_paid_job(alice)
    attempt = send()
    services.cancel_job(job, actor="alice")
    assert read_ledger() == [("held", PRICE, 1)]
    assert costs(attempt) == (None, None)
    bill(attempt, billable_units=Decimal(1), unit_price=Decimal("0.30"))
    money.settle(attempt)
    assert read_ledger() == [("actual", PRICE, 1)]
    assert costs(attempt) == (PRICE, PRICE)


@pytest.mark.parametrize("outcome", [Submission.SENDING, Submission.UNKNOWN])
def test_as_long_as_nobody_knows_it_stays_held(alice, outcome):
    make_paid_job(alice)
    attempt = send()
    bill(attempt, submission=outcome, request_id=None)
    assert money.settle(attempt) is None
    assert read_ledger() == [("held", PRICE, 1)]


def test_a_rejected_one_costs_nothing(alice):
    make_paid_job(alice)
    attempt = claim()
    failure = runs.Failure(code="provider_rejected_input", message="No.")
    submission.reject(attempt.generation, failure=failure)
    assert [state for state, *_ in read_ledger()] == ["released"]
    assert costs(attempt) == (0, 0)


def test_one_that_never_arrived_keeps_its_money_for_the_next_try(alice):
    make_paid_job(alice)
    attempt = claim()
    submission.begin_sending([submission.Parcel(attempt_id=attempt.pk, arguments={}, input_urls=[])])
    submission.give_back(attempt.generation, code="", reason="no network", waiting=WaitingReason.QUEUE)
    assert read_ledger() == [("held", PRICE, None)]
    second = send()
    assert read_ledger() == [("held", PRICE, 2)]
    bill(second, raw_result={})
    money.settle(second)
    money.settle(attempt)
    assert read_ledger() == [("actual", PRICE, 2)]


def test_each_run_has_its_own_row(alice):
    job = make_paid_job(alice)
    first = send()
    services.cancel_job(job, actor="alice")
    services.retry_job(job, actor="alice")
    second = send()
    assert read_ledger() == [("held", PRICE, 1), ("held", PRICE, 2)]
    bill(second, raw_result={})
    money.settle(second)
    bill(first, billable_units=Decimal(1), unit_price=Decimal("0.10"))
    money.settle(first)
    assert read_ledger() == [("actual", Decimal("0.10"), 1), ("actual", PRICE, 2)]
    assert costs(second) == (PRICE, Decimal("0.40"))


def test_an_unknown_price_stays_unknown(alice):
    make_paid_job(alice, engine="hunyuan3d-v2")
    attempt = send()
    bill(attempt, raw_result={})
    assert money.settle(attempt) is None
    assert costs(attempt) == (None, None)
    assert read_ledger() == [("actual", Decimal(), 1)]


def test_a_bill_is_written_even_where_nothing_was_held(alice):
    make_paid_job(alice)
    attempt = send()
    money.write_off([])
    from jobs.models import LedgerEntry

    LedgerEntry.objects.all().delete()
    bill(attempt, raw_result={})
    money.settle(attempt)
    assert read_ledger() == [("actual", PRICE, 1)]


def test_the_local_engine_costs_nothing(alice):
    job = finish_job(make_job(alice, pictures=2))
    assert [row.cost_actual for row in job.generations.all()] == [Decimal()] * 2
    assert [row.cost for row in Attempt.objects.all()] == [Decimal()] * 2
    assert read_ledger() == []
