"""May this work be paid for, however many ask at once?"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from accounts.models import Limits
from jobs import services
from jobs.errors import JobError
from jobs.models import Job, LedgerEntry, SourceImage
from jobs.services import money
from tests.factories import make_job
from tests.money.work import PRICE, do_at_once, make_paid_job, read_ledger, store_pictures

pytestmark = pytest.mark.database


def give_budget(owner, amount):
    Limits.objects.update_or_create(user=owner, defaults={"budget_usd_per_month": Decimal(amount)})


def test_it_works(alice):
    job = make_paid_job(alice, pictures=2)
    assert read_ledger() == [("held", PRICE, None)] * 2
    rows = LedgerEntry.objects.values_list("owner", "job_id", "generation_id", "engine")
    assert set(rows) == {(alice.pk, job.pk, row.pk, "tripo-v2.5") for row in job.generations.all()}
    assert [row.cost_estimated for row in job.generations.all()] == [PRICE] * 2


def test_a_free_engine_holds_nothing(alice):
    give_budget(alice, "0")
    make_job(alice)
    assert read_ledger() == []


def test_the_last_cent_may_be_spent_and_no_more(alice):
    give_budget(alice, "0.60")
    make_paid_job(alice, pictures=2)
    with pytest.raises(JobError) as caught:
        make_paid_job(alice, first=2)
    assert (caught.value.code, caught.value.status) == ("budget_exceeded", 403)
    details = caught.value.details
    resets_at = details.pop("resets_at")
    assert details == {"which": "user", "limit": "0.60", "spent": "0.60", "needed": "0.30", "currency": "USD"}
    assert resets_at == money.describe_budget(alice)["resets_at"]
    assert Job.objects.count() == 1
    assert len(read_ledger()) == 2


def test_a_refused_upload_leaves_nothing(alice):
    give_budget(alice, "0.29")
    with pytest.raises(JobError):
        make_job_of_upload(alice)
    assert not Job.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert not SourceImage.objects.exists()


def make_job_of_upload(owner):
    import io

    from tests.factories import make_picture

    upload = services.Upload(filename="a.png", file=io.BytesIO(make_picture()))
    return services.submit_uploads(owner, uploads=[upload], wishes=services.Wishes(engine="tripo-v2.5"))


def test_the_default_budget_holds_for_users_without_their_own(alice, bob, settings):
    settings.USER_BUDGET_USD_PER_MONTH = Decimal("0.30")
    give_budget(bob, "5")
    make_paid_job(alice)
    make_paid_job(bob, pictures=2)
    with pytest.raises(JobError):
        make_paid_job(alice, first=1)


def test_the_site_has_a_budget_too(alice, bob, settings):
    settings.SITE_BUDGET_USD_PER_MONTH = Decimal("0.50")
    make_paid_job(alice)
    with pytest.raises(JobError) as caught:
        make_paid_job(bob)
    assert caught.value.details["which"] == "site"
    assert caught.value.details["spent"] == "0.30"


def test_last_month_is_over(alice):
    give_budget(alice, "0.30")
    make_paid_job(alice)
    begin = money.read_budget(alice).resets_at
    month_ago = begin.replace(year=begin.year - (begin.month <= 2), month=(begin.month - 3) % 12 + 1)
    LedgerEntry.objects.update(created_at=month_ago)
    make_paid_job(alice, first=1)


def test_it_counts_again_when_work_is_run_again(alice):
    give_budget(alice, "0.30")
    job = make_paid_job(alice)
    services.cancel_job(job, actor="alice")
    make_paid_job(alice, first=1)  # what was given back is spent here
    with pytest.raises(JobError) as caught:
        services.retry_job(Job.objects.get(pk=job.pk), actor="alice")
    assert caught.value.code == "budget_exceeded"
    assert Job.objects.get(pk=job.pk).status == "cancelled"


class TestUnknownPrice:
    def test_without_a_budget_it_is_taken(self, alice):
        make_paid_job(alice, engine="hunyuan3d-v2")
        assert read_ledger() == [("held", Decimal(), None)]

    def test_with_a_budget_it_is_refused(self, alice):
        give_budget(alice, "100")
        with pytest.raises(JobError, match="not known") as caught:
            make_paid_job(alice, engine="hunyuan3d-v2")
        assert caught.value.code == "budget_exceeded"
        assert caught.value.details["needed"] is None

    def test_with_a_budget_of_the_site_as_well(self, alice, settings):
        settings.SITE_BUDGET_USD_PER_MONTH = Decimal("100")
        with pytest.raises(JobError) as caught:
            make_paid_job(alice, engine="hunyuan3d-v2")
        assert caught.value.details["which"] == "site"

    def test_the_administrator_may_allow_it(self, alice, settings):
        settings.ALLOW_UNPRICED_ENGINES = True
        give_budget(alice, "100")
        make_paid_job(alice, engine="hunyuan3d-v2")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Eight at the same moment, room for three."""

    def submit(self, owner, items):
        return services.submit_job(owner, items=items, wishes=services.Wishes(engine="tripo-v2.5"))

    def test_one_user(self, alice):
        give_budget(alice, "1.00")
        items = store_pictures(alice, pictures=8)
        answers = do_at_once([partial(self.submit, alice, each) for each in items])
        self.check(answers, which="user")

    def test_the_whole_site(self, alice, bob, settings):
        settings.SITE_BUDGET_USD_PER_MONTH = Decimal("1.00")
        calls = [
            partial(self.submit, owner, each) for owner in (alice, bob) for each in store_pictures(owner, pictures=4)
        ]
        self.check(do_at_once(calls), which="site")

    def check(self, answers, *, which):
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        assert [(error.code, error.details["which"]) for error in refused] == [("budget_exceeded", which)] * 5
        assert read_ledger() == [("held", PRICE, None)] * 3
