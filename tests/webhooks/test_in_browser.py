"""The pages of webhooks as a browser shows them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from jobs.services import cancel_job
from jobs.services.webhooks.delivering import Outcome, claim_next, record
from jobs.services.webhooks.subscriptions import create_webhook, send_test
from tests.browser import DESK, PHONE
from tests.factories import make_job

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("private_webhooks"),
]
PLACE = "/accounts/webhooks/"


@pytest.fixture
def hook(alice):
    hook = create_webhook(alice, url="http://127.0.0.1:9/a/rather/long/address/of/a/receiver?with=query")
    cancel_job(make_job(alice), actor="")
    record(claim_next(), outcome=Outcome(status=500, text="Internal error", error="Answered 500."))
    send_test(hook)
    record(claim_next(), outcome=Outcome(status=204))
    return hook


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_everybody_can_use_them(alice, hook, open_window, scheme, size):
    window = open_window(scheme=scheme, size=size)
    window.sign_in(alice)
    for path in (PLACE, f"{PLACE}{hook.pk}/", f"{PLACE}{hook.pk}/delete/"):
        page = window.open(path)
        assert window.check_accessibility() == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert window.complaints == []


def test_from_an_address_to_a_delivered_test(alice, open_window, receiver, carry):
    window = open_window()
    window.sign_in(alice)
    page = window.open(PLACE)
    page.get_by_label("Address").fill(receiver.url)
    page.get_by_role("button", name="Add").click()
    secret = page.locator("#new-secret").text_content()
    page.get_by_role("link", name=f"Open {receiver.url}").click()
    page.get_by_role("button", name="Send a test").click()
    carry()

    expect(page.locator("[data-deliveries]").get_by_text("Delivered")).to_be_visible()
    assert receiver.calls[0].is_signed_with(secret)
    assert window.complaints == []
