"""Do the ledger and FAL's own bill agree, from the upload to the end?"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from accounts.models import Limits
from jobs.errors import JobError
from jobs.models import Attempt, Event, Generation, GenerationInput, Job, SourceImage
from jobs.services import cancel_job, delete_job, delete_work_of, money
from jobs.services.fal.dispatch import explain_waiting
from jobs.services.sweep import sweep
from tests.fal.conftest import fal, fal_server, scene  # noqa: F401 - the virtual FAL
from tests.money.work import PRICE, do_at_once, read_ledger

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def test_p19_three_a_day_and_five_uploaded(alice, scene, settings):  # noqa: F811
    settings.MAX_SUBMISSIONS_PER_DAY = 3
    job = scene.make_job(alice, pictures=5)
    do_at_once([scene.send] * 2)
    assert len(scene.fal.submits()) == 3
    scene.follow_until(lambda: Generation.objects.filter(waiting_reason="budget").count() == 2)
    scene.follow_until_ready()
    do_at_once([scene.send, scene.finish])
    scene.finish()
    statuses = [(row.status, row.waiting_reason) for row in job.generations.order_by("position")]
    assert statuses == [("completed", "")] * 3 + [("queued", "budget")] * 2
    assert len(scene.fal.submits()) == 3


def test_the_next_day_the_rest_is_made(alice, scene, settings):  # noqa: F811
    settings.MAX_SUBMISSIONS_PER_DAY = 1
    job = scene.make_job(alice, pictures=2)
    scene.send()
    explain_waiting()
    settings.MAX_SUBMISSIONS_PER_DAY = 2  # as good as another day
    scene.run(job)
    job.refresh_from_db()
    assert (job.status, job.completed) == ("completed", 2)


def test_what_fal_billed_is_in_the_ledger(alice, scene):  # noqa: F811
    job = scene.make_job(alice, pictures=2)
    scene.run(job)
    assert sorted(read_ledger()) == [("actual", PRICE, 1)] * 2
    budget = money.read_budget(alice)
    assert (budget.actual, budget.held) == (2 * PRICE, 0)


def test_a_rejected_picture_costs_nothing(alice, scene):  # noqa: F811
    Limits.objects.create(user=alice, budget_usd_per_month=PRICE)
    scene.fal.script("submit-422")
    generation = scene.run(scene.make_job(alice))
    assert generation.status == "failed"
    assert [state for state, *_ in read_ledger()] == ["released"]
    assert generation.cost_actual == 0
    scene.make_job(alice, first=1)  # the budget is whole again


@pytest.mark.parametrize(
    ("scenario", "row"),
    [
        ("cancel-ignored", ("actual", PRICE, 1)),
        ("cancel-honoured", ("released", PRICE, 1)),
    ],
)
def test_cancelled_at_fal_it_is_followed_to_its_bill(alice, scene, scenario, row):  # noqa: F811
    scene.fal.script({"preset": scenario, "run_seconds": 2.0})
    job = scene.make_job(alice)
    scene.send()
    cancel_job(job, actor="alice")
    assert read_ledger() == [("held", PRICE, 1)]
    scene.follow_until_ready()
    scene.send()
    attempt = Attempt.objects.get()
    assert attempt.settled_at
    assert attempt.cost == (PRICE if row[0] == "actual" else 0)
    assert read_ledger() == [row]


def test_deleted_at_fal_it_is_followed_to_its_bill(alice, scene):  # noqa: F811
    """Nobody finds the job any more; FAL was told to stop, ran on, and charged."""
    scene.fal.script("cancel-ignored")
    job = scene.make_job(alice, names=["my-secret-lamp.png"])
    scene.send()
    delete_job(job, actor="alice")
    assert not Job.objects.owned_by(alice).exists()
    assert not GenerationInput.objects.exists()
    assert not SourceImage.objects.exists()
    assert not Event.objects.exists()
    assert "lamp" not in Generation.objects.get().name
    scene.follow_until_ready()
    assert Attempt.objects.get().cancel_sent_at
    scene.send()
    assert read_ledger() == [("actual", PRICE, 1)]
    sweep()
    assert not Job.objects.exists()


def test_the_bill_outlives_the_account(alice, scene):  # noqa: F811
    scene.make_job(alice)
    scene.send()
    delete_work_of(alice)
    alice.delete()
    assert read_ledger() == [("actual", PRICE, 1)]


def test_a_budget_holds_however_many_upload_at_once(alice, scene):  # noqa: F811
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal("0.90"))
    answers = do_at_once([partial(scene.make_job, alice, first=number) for number in range(6)])
    refused = [answer for answer in answers if isinstance(answer, JobError)]
    assert [error.code for error in refused] == ["budget_exceeded"] * 3
    for answer in answers:
        if not isinstance(answer, JobError):
            scene.run(answer)
    assert len(scene.fal.submits()) == 3
    assert money.read_budget(alice).spent == Decimal("0.90")
