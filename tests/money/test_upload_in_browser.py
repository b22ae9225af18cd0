"""The upload page in a browser: the total as it is put together, and what is left of the budget."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from accounts.models import Limits
from tests.browser import PHONE
from tests.factories import make_picture
from tests.money.work import make_paid_job, send

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def pick(page, pictures):
    files = [{"name": f"p{n}.png", "mimeType": "image/png", "buffer": make_picture(n)} for n in range(pictures)]
    page.locator("input[name=files]").set_input_files(files)


def choose(page, name, value):
    """Wherever the page has it, folded away or not: how it is chosen has tests of its own."""
    choice = page.locator(f"[name={name}][value='{value}']")
    choice.evaluate("(radio) => { radio.checked = true; radio.dispatchEvent(new Event('change', {bubbles: true})); }")


def test_it_works(window, alice):
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal("1"))
    make_paid_job(alice)
    send()
    window.sign_in(alice)
    page = window.open("/upload/")
    total, button = page.locator("[data-estimate]"), page.locator("[data-submits]")
    expect(page.get_by_text("$0.70 of $1.00 left this month")).to_be_visible()
    pick(page, 2)
    expect(total).to_contain_text("2 models · $0.60")
    expect(button).to_be_enabled()
    choose(page, "texture", "hd")
    expect(total).to_contain_text("This costs $0.80, but only $0.70 of your budget is left this month.")
    expect(button).to_be_disabled()
    choose(page, "texture", "none")
    expect(total).to_contain_text("2 models · $0.40")
    expect(button).to_be_enabled()
    choose(page, "engine", "local")
    expect(total).to_contain_text("2 models · free")
    choose(page, "engine", "hunyuan3d-v2")
    expect(total).to_contain_text("price unknown")
    assert window.complaints == []


@pytest.mark.parametrize("path", ["/upload/", "/accounts/"])
def test_it_is_accessible_on_a_phone(open_window, alice, path):
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal("1"))
    make_paid_job(alice, pictures=2)
    window = open_window(size=PHONE, scheme="dark")
    window.sign_in(alice)
    page = window.open(path)
    assert window.check_accessibility() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
