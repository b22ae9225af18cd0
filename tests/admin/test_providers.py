"""FAL in the admin: its standing on every page while it is paused, its page, and the reset."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from jobs.models import Attempt, Provider
from jobs.services import money
from jobs.services.fal import breaker
from tests.factories import make_job
from tests.money import work

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("offer")]
LIST = "/admin/jobs/provider/"
PAGES = ("/admin/", "/admin/jobs/job/", LIST, "/admin/django_rq/dashboard/")


def read(response) -> str:
    return " ".join(response.content.decode().split())


def open_breaker() -> None:
    for _ in range(breaker.MAX_FAILURES):
        breaker.note_failure()


def test_it_works(root):
    """Paused, told everywhere, reset by hand."""
    breaker.pause("balance", message="User is locked: exhausted balance")
    for address in PAGES:
        page = read(root.get(address, follow=True))
        assert "FAL is paused: The balance at FAL is used up" in page, address
        assert "Top it up" in page
    page = read(root.get(reverse("admin:jobs_provider_change", args=["fal"])))
    assert "User is locked: exhausted balance" in page
    assert "Tripo v2.5, Tripo v2.5 multiview" in page
    reset = reverse("admin:jobs_provider_reset", args=["fal"])
    assert "What waits is sent at once." in read(root.get(reset))
    assert Provider.objects.get().paused_reason == "balance"  # a look changes nothing
    assert "Breaker and pause were reset." in read(root.post(reset, follow=True))
    assert Provider.objects.get().paused_reason == ""
    assert LogEntry.objects.get().change_message == "Breaker and pause were reset."
    assert "FAL is paused" not in read(root.get("/admin/"))


def test_an_open_breaker_and_the_action(root):
    open_breaker()
    page = read(root.get("/admin/"))
    assert "FAL is paused: FAL does not answer, since" in page
    assert "asked again every 30 seconds" in page
    root.post(LIST, {"action": "reset", "_selected_action": ["fal"]})
    provider = Provider.objects.get()
    assert (provider.breaker, provider.failures) == ("closed", 0)
    assert LogEntry.objects.get().change_message == "reset"


@pytest.mark.parametrize(
    ("reason", "words"),
    [("auth", "Set FAL_KEY to a key that is valid"), ("locked", "Write to FAL&#x27;s support.")],
)
def test_what_to_do(root, reason, words):
    breaker.pause(reason, message="")
    assert words in read(root.get("/admin/"))


def test_all_is_well(root):
    page = read(root.get("/admin/"))
    assert "FAL is paused" not in page
    assert "FAL</a></th><td>In service</td>" in page


def test_without_a_key(root):
    Provider.objects.all().delete()
    assert "Not offered: no process here has a key" in read(root.get("/admin/"))
    assert root.get(LIST).status_code == 200


def test_today_tells_of_money_and_of_what_is_at_fal(root, alice):
    make_job(alice, pictures=3, engine="tripo-v2.5")
    first, second = work.send(), work.send()
    Attempt.objects.filter(pk=first.pk).update(raw_result={}, outcome="completed", settled_at=first.created_at)
    money.settle(first)
    page = read(root.get("/admin/"))
    assert "At FAL now</a></th><td>1</td>" in page
    assert "$0.30 billed for what was sent today (2 requests); $0.60 held for work under way" in page
    Attempt.objects.filter(pk=second.pk).update(submission="unknown")
    assert "1 of unknown outcome" in read(root.get("/admin/"))


def test_only_those_who_may_act_reset(reader, client, alice):
    open_breaker()
    address = reverse("admin:jobs_provider_reset", args=["fal"])
    assert "FAL is paused" in read(reader.get("/admin/"))
    assert "Reset</a></li>" not in read(reader.get(reverse("admin:jobs_provider_change", args=["fal"])))
    assert reader.post(address).status_code == 403
    client.force_login(alice)
    assert client.post(address).status_code == 302
    assert Provider.objects.get().breaker == "open"


def test_nobody_is_told_at_the_login(client):
    open_breaker()
    page = client.get("/admin/login/", follow=True)
    assert page.status_code == 200
    assert "FAL is paused" not in read(page)


def test_the_virtual_fal_is_told(root, settings):
    settings.VIRTUAL_FAL = True
    assert "models and prices are made up" in read(root.get("/admin/jobs/job/"))
