"""The second factor on the screen: set up, signed in with, readable in every size, without a complaint."""

from __future__ import annotations

import pyotp
import pytest
from playwright.sync_api import expect

from accounts.models import LoginFailure, TwoFactor
from tests.browser import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page, user) -> None:
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill("secret-of-tests")
    page.get_by_role("button", name="Sign in").click()


def read_code(user) -> str:
    TwoFactor.objects.update(last_step=0)  # so that the test need not wait for the next one
    return pyotp.TOTP(TwoFactor.objects.get(user=user).secret).now()


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone"])
def test_it_works(open_window, alice, size, scheme):
    view = open_window(size=size, scheme=scheme)
    page = view.open("/accounts/login/")
    sign_in(page, alice)
    view.open("/accounts/security/")
    expect(page.get_by_role("link", name="Security")).to_be_in_viewport()
    page.get_by_role("link", name="Set it up").click()
    expect(page.get_by_alt_text("QR code")).to_be_visible()
    assert page.evaluate("document.querySelector('.scan-code').naturalWidth") > 100
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.get_by_label("Password", exact=True).fill("secret-of-tests")
    page.get_by_label("Code").fill(read_code(alice))
    page.get_by_role("button", name="Switch it on").click()

    codes = page.locator("#codes")
    expect(codes).to_be_visible()
    assert codes.evaluate("(element) => element.scrollWidth <= element.clientWidth")
    assert view.check_accessibility() == []
    recovery = codes.inner_text().split()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()

    other = open_window(size=size, scheme=scheme)
    page = other.open("/accounts/login/")
    sign_in(page, alice)
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    assert other.check_accessibility() == []
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    page.get_by_label("Code").fill(recovery[0])
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/models/**")
    assert [*view.complaints, *other.complaints] == []
    assert LoginFailure.objects.count() == 0
