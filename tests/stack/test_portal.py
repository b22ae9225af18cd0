"""Does a person get from pictures to models in a browser, against the running product?"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories import make_picture
from tests.running import SAMPLES, Product

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

PATIENCE_MS = 90_000


@pytest.fixture
def pictures(tmp_path):
    """The thirteen real pictures where they lie, else drawn ones."""
    if SAMPLES.exists():
        return sorted(SAMPLES.glob("*.png"))
    for number in range(5):
        (tmp_path / f"blob-{number}.png").write_bytes(make_picture(number))
    return sorted(tmp_path.glob("*.png"))


@pytest.fixture
def page(product: Product, chromium: Browser):
    with chromium.new_context(base_url=product.url, accept_downloads=True) as context:
        page = context.new_page()
        email, password = product.login
        page.goto("/accounts/login/")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/models/**")
        yield page


def test_pictures_become_models(product: Product, page: Page, pictures):
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/upload/")
    page.locator("input[type=file]").first.set_input_files([str(path) for path in pictures])
    page.get_by_role("button", name=f"Make {len(pictures)} models").click()
    page.wait_for_url("**/jobs/*/**")
    expect(page.get_by_role("link", name="View in 3D")).to_have_count(len(pictures), timeout=PATIENCE_MS)
    page.reload()
    expect(page.get_by_role("link", name="View in 3D")).to_have_count(len(pictures))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download zip").click()
    assert download.value.path().stat().st_size > 10_000 * len(pictures)
    page.get_by_role("link", name="View in 3D").first.click()
    page.wait_for_function("() => document.querySelector('model-viewer')?.loaded", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Make USDZ").click()
    expect(page.get_by_role("button", name="Make USDZ")).to_have_count(0, timeout=PATIENCE_MS)
    assert complaints == []
