"""May one more request be sent today?"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db.models import F

from jobs import services
from jobs.models import Generation, Job, LedgerEntry
from jobs.services import money
from jobs.services.fal import dispatch, submission
from jobs.states import WaitingReason
from tests.money.work import begin, claim, do_at_once, make_paid_job, send

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def reasons(job):
    return [row.waiting_reason for row in job.generations.order_by("position")]


def test_it_works(alice, settings):
    settings.MAX_SUBMISSIONS_PER_DAY = 3
    settings.FAL_CONCURRENCY = 10
    job = make_paid_job(alice, pictures=5)
    claimed = dispatch.claim_for_sending("worker", at_most=8)
    assert len(claimed) == 3
    assert all(begin(attempt) for attempt in claimed)
    assert not money.may_submit_now(alice)
    assert not dispatch.may_claim()
    dispatch.explain_waiting()
    assert reasons(job) == ["", "", "", "budget", "budget"]


def test_the_next_day_has_room_again(alice, settings):
    settings.MAX_SUBMISSIONS_PER_DAY = 1
    job = make_paid_job(alice, pictures=2)
    send()
    dispatch.explain_waiting()
    assert reasons(job) == ["", "budget"]
    LedgerEntry.objects.exclude(sent_at=None).update(sent_at=F("sent_at") - timedelta(days=1))
    assert money.may_submit_now(alice)
    dispatch.explain_waiting()
    assert reasons(job) == ["", "queue"]
    assert dispatch.claim_for_sending("worker", at_most=1)


def test_one_user_does_not_stop_others(alice, bob, settings):
    settings.MAX_SUBMISSIONS_PER_DAY_PER_USER = 1
    settings.FAL_CONCURRENCY = 10
    hers = make_paid_job(alice, pictures=2)
    his = make_paid_job(bob, pictures=2)
    claimed = dispatch.claim_for_sending("worker", at_most=8)
    assert sorted(attempt.generation.owner_id for attempt in claimed) == sorted([alice.pk, bob.pk])
    for attempt in claimed:
        assert begin(attempt)
    carol = type(alice).objects.create_user("carol@example.org", "secret-of-tests")
    make_paid_job(carol)
    dispatch.explain_waiting()
    assert reasons(hers) == reasons(his) == ["", "budget"]
    assert money.find_braked_owners() == {alice.pk, bob.pk}
    assert dispatch.claim_for_sending("worker", at_most=8)[0].generation.owner_id == carol.pk


def test_zero_sends_nothing(alice, settings):
    settings.MAX_SUBMISSIONS_PER_DAY_PER_USER = 0
    make_paid_job(alice)
    assert not money.may_submit_now(alice)
    assert dispatch.claim_for_sending("worker", at_most=1) == []


def test_without_a_number_nothing_is_held_up(alice):
    make_paid_job(alice, pictures=2)
    send()
    assert money.may_submit_now(alice)
    assert money.is_site_open()


def test_deleting_jobs_makes_no_room(alice, settings):
    settings.MAX_SUBMISSIONS_PER_DAY_PER_USER = 1
    job = make_paid_job(alice)
    send()
    services.delete_job(Job.objects.get(pk=job.pk), actor="alice")
    assert not money.may_submit_now(alice)


def test_what_never_arrived_does_not_count(alice, settings):
    settings.MAX_SUBMISSIONS_PER_DAY = 1
    make_paid_job(alice)
    attempt = claim()
    assert begin(attempt)
    submission.give_back(attempt.generation, code="", reason="no network", waiting=WaitingReason.QUEUE)
    assert money.may_submit_now(alice)


def test_work_of_the_local_engine_goes_on(alice, settings):
    from tests.factories import claim as claim_local
    from tests.factories import make_job

    settings.MAX_SUBMISSIONS_PER_DAY = 0
    claim_local(make_job(alice))


def test_refused_at_the_last_moment_it_waits_with_its_reason(alice, settings):
    make_paid_job(alice)
    attempt = claim()
    settings.MAX_SUBMISSIONS_PER_DAY = 0
    assert not begin(attempt)
    assert submission.give_back_for_today(attempt.generation)
    generation = Generation.objects.get()
    assert (generation.status, generation.waiting_reason) == ("queued", "budget")
    assert LedgerEntry.objects.get().amount == Decimal("0.30")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["MAX_SUBMISSIONS_PER_DAY", "MAX_SUBMISSIONS_PER_DAY_PER_USER"])
def test_eight_at_once_never_let_one_more_through(alice, settings, name):
    make_paid_job(alice, pictures=8)
    attempts = [claim() for _ in range(8)]  # claimed before the number was set
    setattr(settings, name, 3)
    answers = do_at_once([partial(begin, attempt) for attempt in attempts])
    assert sorted(answers) == [False] * 5 + [True] * 3
    assert LedgerEntry.objects.filter(sent_at__isnull=False).count() == 3
