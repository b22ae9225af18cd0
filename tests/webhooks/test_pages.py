"""The pages ``/accounts/webhooks/``."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from jobs.models import JobWebhookSecret, Webhook, WebhookDelivery
from jobs.services.webhooks.delivering import Outcome, claim_next, record
from jobs.services.webhooks.subscriptions import create_webhook, send_test
from tests.pages.answers import leads_to_login, read, read_messages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_webhooks")]

PLACE = "/accounts/webhooks/"
URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def page(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def hook(alice) -> Webhook:
    return create_webhook(alice, url=URL, types=["job.failed"])


def at(hook: Webhook, action: str = "") -> str:
    return f"{PLACE}{hook.pk}/{action}"


def test_it_works(page):
    assert "No webhooks yet" in read(page.get(PLACE))

    response = page.post(PLACE, {"url": URL, "types": ["job.failed", "job.completed"]})

    hook = Webhook.objects.get()
    assert hook.types == ["job.completed", "job.failed"]
    assert hook.secret in read(response)
    again = read(page.get(PLACE))
    assert URL in again
    assert "whsec_" not in again


def test_it_is_reached_from_the_account(page):
    assert f'href="{PLACE}"' in read(page.get("/accounts/"))


def test_what_cannot_be_called_is_said_at_the_field(page, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = False

    response = page.post(PLACE, {"url": "https://127.0.0.1/", "types": ["job.failed"]})

    assert "Webhooks cannot be sent there" in read(response)
    assert 'value="https://127.0.0.1/"' in read(response)
    assert not Webhook.objects.exists()


def test_at_least_one_type(page):
    assert "This field is required" in read(page.post(PLACE, {"url": URL}))
    assert not Webhook.objects.exists()


def test_changing(page, hook):
    assert "checked" in read(page.get(at(hook)))
    page.post(at(hook), {"url": f"{URL}/new", "types": ["job.completed"]})

    hook.refresh_from_db()
    assert (hook.url, hook.types, hook.active) == (f"{URL}/new", ["job.completed"], False)
    assert "Off" in read(page.get(PLACE))
    assert "Send a test" not in read(page.get(at(hook)))


def test_testing(page, hook):
    response = page.post(at(hook, "test/"), follow=True)

    assert "A test is on its way." in read_messages(response) or "A test is on its way." in read(response)
    assert "webhook.test" in read(response)
    assert "data-fresh" in read(response)
    assert WebhookDelivery.objects.get().webhook == hook


def test_a_test_of_one_that_is_switched_off(page, hook):
    Webhook.objects.update(active=False)
    assert "switched off" in read(page.post(at(hook, "test/"), follow=True))


def test_the_calls_are_told(page, hook):
    send_test(hook)
    record(claim_next(), outcome=Outcome(status=500, text="<b>no</b>", error="Answered 500."))

    for path in (PLACE, at(hook), at(hook, "deliveries/"), f"{PLACE}deliveries/"):
        text = read(page.get(path))
        assert "Trying again" in text
        assert "Answered 500." in text
        assert "&lt;b&gt;no&lt;/b&gt;" in text
        assert "data-fresh" not in text


def test_sending_again(page, hook):
    delivery = send_test(hook)
    record(claim_next(), outcome=Outcome(status=200))
    assert "Delivered" in read(page.get(at(hook)))
    WebhookDelivery.objects.update(last_try_at=None)

    response = page.post(f"{PLACE}deliveries/{delivery.pk}/replay/")

    assert response["Location"] == at(hook)
    assert claim_next().event_id == delivery.event_id


def test_a_new_secret_is_shown_once(page, hook):
    response = page.post(at(hook, "rotate/"))

    hook.refresh_from_db()
    assert hook.secret in read(response)
    assert response["Cache-Control"].startswith("max-age=0")
    assert "whsec_" not in read(page.get(at(hook)))


def test_a_new_secret_for_jobs(page, alice):
    shown = re.search(r"whsec_[A-Za-z0-9+/=]+", read(page.post(f"{PLACE}job-secret/")))[0]
    assert JobWebhookSecret.objects.get(owner=alice).secret == shown


def test_deleting(page, hook):
    assert "Delete this webhook?" in read(page.get(at(hook, "delete/")))
    assert Webhook.objects.exists()

    assert page.post(at(hook, "delete/"))["Location"] == PLACE
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("action", ["test/", "rotate/"])
def test_looking_changes_nothing(page, hook, action):
    assert page.get(at(hook, action)).status_code == 405


@pytest.mark.parametrize("action", ["", "test/", "rotate/", "delete/", "deliveries/"])
def test_strangers_find_nothing(hook, bob, action):
    client = Client()
    client.force_login(bob)
    assert {client.get(at(hook, action)).status_code, client.post(at(hook, action)).status_code} <= {404, 405}
    assert leads_to_login(Client().post(at(hook, action)))
    assert Webhook.objects.get().secret == hook.secret


def test_forms_need_a_token(alice, hook):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(at(hook, "delete/")).status_code == 403
