"""The library in a browser: ticking, one zip, deleting in a dialog, and looking at it on a phone."""

from __future__ import annotations

import zipfile

import pytest
from playwright.sync_api import expect

from jobs.models import Generation
from tests.browser import DESK, PHONE
from tests.factories import make_job
from tests.pages.scenes import WATCH_SHIFTS, finish_all, make_busy_job

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(window, alice):
    finish_all(make_job(alice, names=["mug.png", "vase.png", "shoe.png"]))
    window.sign_in(alice)
    window.page.add_init_script(WATCH_SHIFTS)
    return window.open("/models/")


def test_it_works(page, window):
    bar = page.locator("[data-bulk]")
    expect(bar).to_be_hidden()
    page.get_by_label("Select mug").check()
    page.get_by_label("Select shoe").check()
    expect(bar).to_contain_text("2 selected")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download zip").click()
    names = zipfile.ZipFile(download.value.path()).namelist()
    assert {"mug.glb", "shoe.glb"} <= set(names)
    assert "vase.glb" not in names
    assert page.evaluate("window.shifts") < 0.01
    assert window.complaints == []


def test_delete_is_asked(page):
    page.get_by_label("Select mug").check()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep").click()
    assert Generation.objects.count() == 3
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 1 model?")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".toasts")).to_contain_text("1 model gone.")
    assert sorted(Generation.objects.values_list("name", flat=True)) == ["shoe", "vase"]


def test_all_on_the_page(page):
    page.get_by_label("Select mug").check()
    page.get_by_label("All on this page").check()
    expect(page.locator("[data-bulk]")).to_contain_text("3 selected")
    page.get_by_label("All on this page").uncheck()
    expect(page.locator("[data-bulk]")).to_be_hidden()


def test_a_card_leads_to_its_model_and_its_tick_does_not(page):
    page.get_by_label("Select mug").check()
    assert page.url.endswith("/models/")
    page.locator(".model", has_text="mug").locator(".stage").click(force=True)  # the link lies over it
    expect(page.locator("h1")).to_have_text("mug")


def test_by_keyboard(page):
    page.get_by_label("Select shoe").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-bulk]")).to_contain_text("1 selected")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("shoe")


def test_without_a_script(open_window, alice):
    finish_all(make_job(alice, names=["mug.png", "vase.png"]))
    view = open_window(java_script_enabled=False)
    view.sign_in(alice)
    page = view.open("/models/")
    page.get_by_label("Select mug").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("Delete this model?")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 model gone.")).to_be_visible()
    assert Generation.objects.get().name == "vase"


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESK)])
def test_it_is_accessible(open_window, alice, scheme, size):
    view = open_window(scheme=scheme, size=size)
    view.sign_in(alice)
    paths = ["/models/", "/models/?tab=jobs", "/models/?search=nothing"]
    view.open("/models/")
    assert view.check_accessibility() == []
    job = make_busy_job(alice)
    for path in [*paths, f"/jobs/{job.pk}/delete/", f"/generations/{job.generations.first().pk}/delete/"]:
        page = view.open(path)
        assert view.check_accessibility() == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
    view.open("/models/").get_by_label("Select mug").check()
    assert view.check_accessibility() == []
    assert view.complaints == []
