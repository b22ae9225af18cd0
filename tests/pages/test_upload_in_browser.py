"""The upload page in a browser: dropping, pasting, reasons at once, sides, and what a refusal leaves there."""

from __future__ import annotations

import base64

import pytest
from django.test import override_settings
from playwright.sync_api import expect

from jobs.models import Generation, Job
from tests.browser import DESK, PHONE
from tests.factories import make_picture
from tests.pages.scenes import drop, picture_file
from tests.pictures import draw_disc, encode_png

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GIF = b"GIF89a" + bytes(60)
PASTE = """([name, data]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], name));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
}"""


@pytest.fixture
def page(window, alice):
    window.sign_in(alice)
    return window.open("/upload/")


def test_it_works(page, window):
    drop(page, ("mug.png", make_picture(0)), ("vase.png", make_picture(1)))
    expect(page.locator(".pick[data-state=good]")).to_have_count(2)
    expect(page.locator("[data-estimate]")).to_have_text("2 models · free · about 4 s")
    assert window.complaints == []
    page.get_by_role("button", name="Make 2 models").click()
    page.wait_for_url("**/jobs/*/")
    expect(page.locator(".job-card")).to_have_count(2)
    assert [entry.name for entry in Job.objects.get().generations.order_by("position")] == ["mug", "vase"]


def test_each_file_gets_its_reason_at_once(page):
    large = make_picture(3) + bytes(10 * 1024 * 1024)
    tiny = encode_png(draw_disc(16))
    named = [
        ("notes.gif", GIF),
        ("large.png", large),
        ("tiny.png", tiny),
        ("nothing.png", b""),
        ("mug.png", make_picture()),
    ]
    drop(page, *named)
    tiles = page.locator(".pick")
    for number, words in enumerate(["Only JPEG, PNG and WebP", "Too large", "16 × 16 pixels is too small", "is empty"]):
        expect(tiles.nth(number)).to_contain_text(words)
    expect(tiles.nth(4)).to_contain_text("96 × 96")
    expect(page.locator("[data-submits]")).to_be_disabled()
    expect(page.locator("[data-estimate]")).to_have_text("Remove the 4 pictures that cannot be used.")
    for _ in range(4):
        tiles.first.get_by_role("button").click()
    expect(page.get_by_role("button", name="Make 1 model")).to_be_enabled()


def test_more_than_fit_into_a_job(page):
    page.set_input_files("input[name=files]", [picture_file(number) for number in range(26)])
    expect(page.locator("[data-estimate]")).to_have_text("At most 25 pictures fit into one job; remove 1.")
    expect(page.locator("[data-submits]")).to_be_disabled()


def test_pasting_and_choosing_add_up_and_doubles_are_one(page):
    page.evaluate(PASTE, ["pasted.png", base64.b64encode(make_picture(5)).decode()])
    page.set_input_files("input[name=files]", [picture_file(1)])
    expect(page.locator(".pick")).to_have_count(2)
    drop(page, ("mug.png", make_picture(2)))
    expect(page.locator(".pick[data-state=good]")).to_have_count(3)


def test_the_servers_reasons_stand_beside_the_pictures(page):
    """What passed here may be refused there: the picture stays, with its reason, and so do the options."""
    page.fill("#job_name", "Room four")
    page.set_input_files("input[name=files]", [picture_file(0), picture_file(1)])
    with override_settings(MAX_FILE_BYTES=100):
        page.get_by_role("button", name="Make 2 models").click()
        expect(page.locator("[data-refusal]")).to_be_visible()
    expect(page.locator(".pick[data-state=bad]")).to_have_count(2)
    expect(page.locator(".pick").first).to_contain_text("too large")
    expect(page.locator("#job_name")).to_have_value("Room four")
    assert not Job.objects.exists()


def test_a_bad_option_stands_beside_its_field(page):
    page.set_input_files("input[name=files]", [picture_file()])
    page.evaluate("document.querySelector('[name=face_limit]').removeAttribute('min')")
    page.fill("[name=face_limit]", "5")
    page.get_by_role("button", name="Make 1 model").click()
    expect(page.locator("[data-errors-of=face_limit]")).to_have_text("Must be from 2,000 to 500,000.")
    expect(page.locator("[name=face_limit]")).to_have_attribute("aria-invalid", "true")


def test_a_double_click_makes_one_job(page):
    page.set_input_files("input[name=files]", [picture_file()])
    expect(page.locator(".pick[data-state=good]")).to_have_count(1)
    page.locator("[data-submits]").dblclick()
    page.wait_for_url("**/jobs/*/")
    assert Job.objects.count() == 1


def test_several_sides_of_one_object(page):
    page.set_input_files("input[name=files]", [picture_file(number) for number in range(3)])
    page.get_by_label("These pictures show one object").check()
    sides = page.locator(".pick-side")
    assert [sides.nth(number).input_value() for number in range(3)] == ["front", "left", "back"]
    sides.nth(0).select_option("back")  # whoever had it takes the free one
    assert [sides.nth(number).input_value() for number in range(3)] == ["back", "left", "front"]
    page.get_by_role("button", name="Make 1 model").click()
    page.wait_for_url("**/jobs/*/")
    views = {entry.view: entry.filename for entry in Generation.objects.get().inputs.all()}
    assert views == {"back": "chair-0.png", "left": "chair-1.png", "front": "chair-2.png"}


def test_a_purpose_fills_in_the_options(page):
    page.get_by_text("Print", exact=True).click()
    expect(page.locator("[name=face_limit]")).to_have_value("200000")
    expect(page.locator("[name=formats][value=stl]")).to_be_checked()
    expect(page.locator("[name=texture][value=none]")).to_be_checked()
    page.locator("[name=formats][value=obj]").check()
    expect(page.locator("[data-preset=print]")).not_to_be_checked()


def test_the_slider_and_the_number_agree(page):
    page.locator("[data-face-slider]").focus()
    page.keyboard.press("End")
    expect(page.locator("[name=face_limit]")).to_have_value("500000")
    page.keyboard.press("Home")
    expect(page.locator("[name=face_limit]")).to_have_value("2000")
    page.fill("[name=face_limit]", "500000")
    expect(page.locator("[data-face-slider]")).to_have_value("1000")


def test_leaving_while_it_is_sent_is_asked(page):
    page.set_input_files("input[name=files]", [picture_file()])
    page.route("**/upload/", lambda route: None)  # an answer that never comes
    page.get_by_role("button", name="Make 1 model").click()
    expect(page.locator("[data-sent]")).to_be_visible()
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()


def test_a_server_that_is_gone_keeps_the_pictures(page):
    page.set_input_files("input[name=files]", [picture_file()])
    page.route("**/upload/", lambda route: route.abort())
    page.get_by_role("button", name="Make 1 model").click()
    expect(page.locator("[data-refusal]")).to_contain_text("could not be reached")
    expect(page.get_by_role("button", name="Make 1 model")).to_be_enabled()


def test_who_is_signed_out_meanwhile_goes_on_after_signing_in(page, window, alice):
    drop(page, ("mug.png", make_picture(0)))
    expect(page.locator("[data-submits]")).to_be_enabled()
    window.context.clear_cookies()
    page.locator("[data-submits]").click()
    expect(page.locator("[data-refusal]")).to_contain_text("You are signed out.")
    expect(page.locator(".pick[data-state=good]")).to_have_count(1)
    window.sign_in(alice)
    page.locator("[data-submits]").click()
    page.wait_for_url("**/jobs/*/")
    assert Job.objects.count() == 1


def test_an_answer_that_is_no_json(page):
    page.set_input_files("input[name=files]", [picture_file()])
    page.route("**/upload/", lambda route: route.fulfill(status=413, body="<html>too large</html>"))
    page.get_by_role("button", name="Make 1 model").click()
    expect(page.locator("[data-refusal]")).to_contain_text("too large for this server")


IS_COVERED = """() => {
  const element = document.activeElement;
  const { left, top, width, height } = element.getBoundingClientRect();
  const met = document.elementFromPoint(left + width / 2, top + height / 2);
  const cover = met?.closest(".upload-bar, .site-header");
  return element !== document.body && Boolean(cover) && !cover.contains(element);
}"""


def test_what_the_keyboard_reaches_can_be_seen(page):
    drop(page, ("mug.png", make_picture(0)))
    page.locator("[data-submits]").wait_for()
    covered = []
    for key in ["Tab"] * 40 + ["Shift+Tab"] * 40:
        page.keyboard.press(key)
        if page.evaluate(IS_COVERED):
            covered.append(page.evaluate("document.activeElement.outerHTML"))
    assert covered == []


def test_without_a_script(open_window, alice):
    view = open_window(java_script_enabled=False)
    view.sign_in(alice)
    page = view.open("/upload/")
    page.set_input_files("input[name=files]", [picture_file(0), picture_file(1)])
    page.fill("[name=face_limit]", "4000")
    page.get_by_role("button", name="Make models").click()
    page.wait_for_url("**/jobs/*/")
    assert Job.objects.get().options["face_limit"] == 4000
    expect(page.locator(".job-card")).to_have_count(2)


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESK)])
def test_it_is_accessible(open_window, alice, scheme, size):
    view = open_window(scheme=scheme, size=size)
    view.sign_in(alice)
    page = view.open("/upload/")
    assert view.check_accessibility() == []
    drop(page, ("mug.png", make_picture(0)), ("vase.png", make_picture(1)), ("notes.gif", GIF))
    expect(page.locator(".pick[data-state]")).to_have_count(3)
    page.get_by_label("These pictures show one object").check()
    page.get_by_text("More options").click()
    assert view.check_accessibility() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert view.complaints == []
