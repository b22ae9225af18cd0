"""What do the pages say of money?"""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Limits
from jobs.models import Generation
from jobs.services import money
from jobs.views.costs import say_cost
from tests.factories import UserFactory, finish_job, make_job
from tests.money.work import bill, make_paid_job, send

pytestmark = pytest.mark.django_db


def read(client, name, *arguments):
    return " ".join(client.get(reverse(name, args=arguments)).content.decode().split())


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


class TestAccount:
    def test_it_works(self, page, alice, bob):
        Limits.objects.create(user=alice, budget_usd_per_month=Decimal("20"))
        make_paid_job(alice, pictures=2)
        make_paid_job(bob)
        attempt = send()
        bill(attempt, raw_result={}, billable_units=Decimal(1), unit_price=Decimal("0.25"))
        money.settle(attempt)
        words = read(page, "account")
        assert "Spending this month" in words
        assert "$0.55</strong> of $20.00, $19.45 left" in words
        assert "$0.30 of it is held" in words
        assert '<th scope="row">Tripo v2.5</th><td class="number">2</td><td class="number">$0.55</td>' in words

    def test_without_a_limit(self, page, alice):
        finish_job(make_job(alice))
        words = read(page, "account")
        assert "$0.00</strong>, without a limit" in words
        assert '<th scope="row">Local relief</th><td class="number">1</td><td class="number">free</td>' in words

    def test_a_new_user(self, page):
        assert "Nothing was made yet." in read(page, "account")


class TestJob:
    def test_it_works(self, page, alice):
        job = make_paid_job(alice, pictures=2)
        assert "Tripo v2.5<span data-cost> · about $0.60</span>" in read(page, "job", job.pk)

    def test_a_free_job_says_nothing(self, page, alice):
        job = finish_job(make_job(alice))
        assert "$" not in read(page, "job", job.pk).partition("Do this with curl")[0]


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        ([("0.30", "0.25"), ("0.30", None)], "$0.25 so far, about $0.60 in all"),
        ([("0.30", "0.25"), ("0.30", "0")], "$0.25"),
        ([("0.30", "0")], "$0.00"),
        ([("0.30", None)], "about $0.30"),
        ([(None, None), ("0.30", None)], "price unknown"),
        ([(None, "0.20")], "$0.20"),
        ([("0", None)], ""),
        ([("0", "0")], ""),
        ([("0", "0.30")], "$0.30"),  # paid for, and then made by the local engine
    ],
)
def test_costs_in_words(costs, words):
    rows = [
        Generation(
            cost_estimated=None if estimated is None else Decimal(estimated),
            cost_actual=None if actual is None else Decimal(actual),
        )
        for estimated, actual in costs
    ]
    assert say_cost(rows) == words


class TestAdmin:
    @pytest.fixture
    def staff(self, client):
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        return client

    def test_the_ledger(self, staff, alice, settings):
        settings.SITE_BUDGET_USD_PER_MONTH = Decimal("5")
        make_paid_job(alice, pictures=2)
        attempt = send()
        bill(attempt, raw_result={})
        money.settle(attempt)
        words = read(staff, "admin:jobs_ledgerentry_changelist")
        assert "<td>$5.00, $4.40 left until" in words
        assert "<td>alice@example.org</td><td>tripo-v2.5</td><td>2</td><td>$0.30</td><td>$0.30</td>" in words

    def test_it_is_only_looked_at(self, staff, alice):
        make_paid_job(alice)
        from jobs.models import LedgerEntry

        entry = LedgerEntry.objects.get()
        address = reverse("admin:jobs_ledgerentry_change", args=[entry.pk])
        assert staff.get(address).status_code == 200
        assert staff.post(address, {"amount": "0"}).status_code == 403
        assert staff.get(reverse("admin:jobs_ledgerentry_add")).status_code == 403
        assert staff.get(reverse("admin:jobs_ledgerentry_delete", args=[entry.pk])).status_code == 403

    def test_limits_are_edited_with_their_user(self, staff, alice):
        assert "budget_usd_per_month" in read(staff, "admin:accounts_user_change", alice.pk)

    def test_after_a_search_the_totals_are_of_what_is_found(self, staff, alice, bob):
        make_paid_job(alice)
        make_paid_job(bob)
        page = staff.get(reverse("admin:jobs_ledgerentry_changelist"), {"q": "bob@example.org"}).content.decode()
        assert "<td>bob@example.org</td>" in page
        assert "<td>alice@example.org</td>" not in page
