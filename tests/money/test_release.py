"""What is given back when work ends without having been sent?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from jobs import services
from jobs.models import Generation, Job, LedgerEntry
from jobs.services import money, runs
from jobs.services.fal.fallback import switch_to_local
from jobs.services.fal.unknown import mark_unknown, send_again
from tests.money.work import PRICE, begin, claim, fail, make_paid_job, read_ledger, send

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_it_works(alice):
    job = make_paid_job(alice)
    money.release(job.generations.get())
    assert read_ledger() == [("released", PRICE, None)]
    assert LedgerEntry.objects.get().settled_at is not None


def test_cancelled_in_the_queue(alice):
    job = make_paid_job(alice, pictures=2)
    services.cancel_job(job, actor="alice")
    assert read_ledger() == [("released", PRICE, None)] * 2
    assert [row.cost_actual for row in job.generations.all()] == [Decimal()] * 2


def test_failed_before_it_was_sent(alice):
    make_paid_job(alice)
    fail(claim())
    assert read_ledger() == [("released", PRICE, None)]


def test_handed_back_it_stays_held(alice):
    make_paid_job(alice)
    runs.hand_back(claim().generation, reason="its worker was lost")
    assert read_ledger() == [("held", PRICE, None)]


def test_what_was_sent_is_not_given_back(alice):
    job = make_paid_job(alice)
    send()
    money.release(job.generations.get())
    assert read_ledger() == [("held", PRICE, 1)]


def test_on_the_local_engine_it_costs_nothing(alice):
    job = make_paid_job(alice)
    switch_to_local(job.generations.get(), actor="alice")
    assert read_ledger() == [("released", PRICE, None)]
    assert job.generations.get().cost_estimated == 0


def test_sent_again_it_is_held_again(alice):
    """Both may be charged: nobody will learn what the first cost, so it counts as spent."""
    make_paid_job(alice)
    attempt = claim()
    begin(attempt)
    mark_unknown(attempt.pk, reason="no answer")
    attempt.refresh_from_db()
    send_again(attempt, actor="admin")
    assert read_ledger() == [("actual", PRICE, 1), ("held", PRICE, None)]


@pytest.mark.django_db(transaction=True)
class TestDelete:
    def test_the_ledger_outlives_the_job(self, alice):
        job = make_paid_job(alice)
        job_id = job.pk
        services.delete_job(job, actor="alice")
        assert not Job.objects.exists()
        assert read_ledger() == [("released", PRICE, None)]
        assert LedgerEntry.objects.get().job_id == job_id

    def test_the_ledger_outlives_the_account(self, alice):
        make_paid_job(alice)
        services.delete_work_of(alice)
        alice.delete()
        assert LedgerEntry.objects.get().owner is None

    def test_one_generation_of_a_job(self, alice):
        job = make_paid_job(alice, pictures=2)
        services.delete_generation(job.generations.first(), actor="alice")
        assert sorted(state for state, *_ in read_ledger()) == ["held", "released"]
        assert Generation.objects.count() == 1
