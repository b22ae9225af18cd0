"""Choosing an engine in a browser: the list, the live price, the options that fit, the sides it takes."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from jobs import catalog
from jobs.models import Generation, Job
from jobs.services.fal import provider
from jobs.templatetags.wording import say_price
from jobs.views.forms import write_value
from tests.browser import DESK, PHONE
from tests.pages.scenes import WATCH_SHIFTS, picture_file

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _offer(transactional_db):
    cache.clear()
    provider.publish_offer()
    yield
    cache.clear()


@pytest.fixture
def page(window, alice):
    window.sign_in(alice)
    return window.open("/upload/")


def pick(page, number: int = 1) -> None:
    page.set_input_files("input[name=files]", [picture_file(each) for each in range(number)])
    expect(page.locator(".pick[data-state=good]")).to_have_count(number)


def choose(page, name: str) -> None:
    page.locator(".engine-summary").click()
    page.locator(".engine-row").filter(has=page.get_by_text(name, exact=True)).click()


def say_total(page):
    return page.locator("[data-estimate]")


def test_it_works(page, window):
    """Found by search, priced as its options change, sent with what was chosen."""
    pick(page, 2)
    expect(say_total(page)).to_have_text("2 models · $0.60 · about 2 min")
    page.locator(".engine-summary").click()
    page.get_by_label("Search engines").fill("h3.1 sides")
    expect(page.locator(".engine-row:visible")).to_have_count(1)
    page.get_by_label("Search engines").fill("tripo h3.1")
    expect(page.locator(".engine-row:visible")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.locator("[data-chosen-name]")).to_have_text("Tripo H3.1")
    expect(page.locator(".engine-panel")).to_be_hidden()
    expect(page.locator(".engine-card:visible")).to_have_count(1)
    page.locator("[name='tripo-h3.1-geometry_quality']").select_option("detailed")
    expect(say_total(page)).to_contain_text("2 models · $1.00")
    page.get_by_text("HD", exact=True).click()
    expect(say_total(page)).to_contain_text("$1.20")
    expect(page.locator(".engine-card:visible strong")).to_have_text("$0.60")
    assert window.complaints == []  # before the job's page, whose stream this server does not have
    page.get_by_role("button", name="Make 2 models").click()
    page.wait_for_url("**/jobs/*/")
    options = Generation.objects.filter(job=Job.objects.get())[0].options
    assert (options["geometry_quality"], options["texture"]) == ("detailed", "hd")
    assert Job.objects.get().engine == "tripo-h3.1"


def test_every_price_is_the_catalogs(page):
    """Whatever is chosen, the browser computes what the server would charge."""
    for engine in (entry for entry in catalog.ENGINES.values() if entry.surcharges):
        page.locator(f"[name=engine][value='{engine.id}']").evaluate("(field) => field.click()")
        for surcharge in engine.surcharges:
            field = "texture" if surcharge.option == "texture" else f"{engine.id}-{surcharge.option}"
            set_field(page, field, surcharge.value)
            price = catalog.estimate_price(engine, options={surcharge.option: surcharge.value})
            expect(page.locator(f".engine-card [data-price-of='{engine.id}']")).to_have_text(say_price(price))
            set_field(page, field, engine.option(surcharge.option).default)


SET_FIELD = """([name, value]) => {
  const named = Array.from(document.querySelectorAll(`[name="${name}"]`));
  const fields = named.filter((each) => each.type !== "hidden");
  const field = fields.find((each) => each.value === value) ?? fields[0];
  if (field.type === "checkbox") field.checked = value === "true";
  else if (field.type === "radio") field.checked = true;
  else field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}"""


def set_field(page, name: str, value) -> None:
    page.evaluate(SET_FIELD, [name, write_value(value)])


def test_the_server_confirms_the_price(page, settings):
    asked = []

    def answer(route):
        asked.append(json.loads(route.request.post_data))
        route.continue_()

    page.route("**/api/v1/estimate", answer)
    with page.expect_response("**/api/v1/estimate") as response:
        pick(page, 3)
    assert response.value.status == 200
    assert response.value.json()["amount"] == "0.90"
    assert (asked[-1]["engine"], asked[-1]["count"], asked[-1]["options"]["pbr"]) == ("tripo-v2.5", 3, "true")
    expect(say_total(page)).to_contain_text("3 models · $0.90")
    with page.expect_response("**/api/v1/estimate"):
        choose(page, "TRELLIS")
    assert "pbr" not in asked[-1]["options"]
    expect(say_total(page)).to_contain_text("3 models · $0.06")


def test_the_servers_word_counts(page):
    estimate = {"amount": "9.99", "currency": "USD", "seconds": 30, "per_generation": "9.99",
                "budget": {"limit": None, "spent": "0.00", "remaining": None, "resets_at": None}}  # fmt: skip
    page.route("**/api/v1/estimate", lambda route: route.fulfill(json=estimate))
    pick(page)
    expect(say_total(page)).to_have_text("1 model · $9.99 · about 30 s")
    choose(page, "TRELLIS")  # a new question: until it is answered, what is computed here
    expect(say_total(page)).to_have_text("1 model · $9.99 · about 30 s")


def test_what_the_server_refuses_stands_beside_its_field_at_once(page):
    pick(page)
    page.evaluate("document.querySelector('[name=face_limit]').removeAttribute('min')")
    page.fill("[name=face_limit]", "5")
    page.keyboard.press("Tab")
    expect(page.locator("[data-errors-of=face_limit]")).to_contain_text("must be from 500 to 500,000")
    page.fill("[name=face_limit]", "5000")
    page.keyboard.press("Tab")
    expect(page.locator("[data-errors-of=face_limit]")).to_be_hidden()


def test_kinds_narrow_the_list(page):
    page.locator(".engine-summary").click()
    rows = page.locator(".engine-row:visible")
    expect(rows).to_have_count(len(catalog.ENGINES))
    page.get_by_role("button", name="Low-poly").click()
    expect(page.get_by_role("button", name="Low-poly")).to_have_attribute("aria-pressed", "true")
    expect(rows).to_have_count(sum("low_poly" in entry.good_for for entry in catalog.ENGINES.values()))
    expect(page.locator("[data-engine-group]:visible")).to_have_count(1)
    page.get_by_label("Search engines").fill("nothing like it")
    expect(page.locator("[data-engine-none]")).to_be_visible()


def test_by_the_keyboard_alone(page):
    page.locator(".engine-summary").focus()
    page.keyboard.press("Enter")
    for _ in range(6):  # search, five kinds
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("[name=engine]:checked")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-chosen-name]")).to_have_text("Tripo v2.5 multiview")
    expect(page.locator(".engine-panel")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".engine-panel")).to_be_hidden()
    expect(page.locator(".engine-summary")).to_be_focused()
    assert not Job.objects.exists()


def test_options_follow_the_engine(page):
    texture = page.locator("[data-textures-of]")
    expect(page.locator("[data-face-limit]")).to_be_visible()
    choose(page, "TripoSR")
    expect(page.locator("[data-face-limit]")).to_be_hidden()
    expect(texture).to_be_hidden()
    choose(page, "Tripo P1")
    expect(texture.get_by_text("HD", exact=True)).to_be_hidden()
    expect(page.locator("[name=face_limit]")).to_have_attribute("max", "20000")
    choose(page, "Local relief")
    expect(page.locator("[name=face_limit]")).to_have_value("20000")  # nobody had set one
    expect(page.locator("[data-fallback]")).to_be_hidden()
    page.fill("[name=face_limit]", "100000")
    choose(page, "Tripo P1")
    expect(page.locator("[name=face_limit]")).to_have_value("20000")  # brought into its range


def test_what_means_nothing_is_out_of_the_way(page):
    page.locator(".engine-options:visible summary").click()
    pbr = page.locator("[name='tripo-v2.5-pbr'][type=checkbox]")
    expect(pbr).to_be_visible()
    page.locator("label.segment").filter(has_text="None").click()
    expect(pbr).to_be_hidden()


def test_one_object_from_several_sides(page):
    pick(page, 2)
    page.get_by_label("These pictures show one object").check()
    expect(say_total(page)).to_have_text("Tripo v2.5 takes no left view.")
    page.get_by_role("button", name="Show the engines that take several sides").click()
    page.locator(".engine-row:visible").filter(has_text="Hunyuan3D v2 multi-view").click()
    expect(say_total(page)).to_contain_text("needs a back view too")
    slot = page.locator(".slot")
    expect(slot).to_have_count(1)
    expect(slot).to_contain_text("needed")
    slot.locator("input").set_input_files([picture_file(7, name="rear.png")])
    expect(slot).to_have_count(0)
    page.get_by_role("button", name="Make 1 model").click()
    page.wait_for_url("**/jobs/*/")
    views = {entry.view: entry.filename for entry in Generation.objects.get().inputs.all()}
    assert views == {"front": "chair-0.png", "left": "chair-1.png", "back": "rear.png"}


def test_an_engine_that_needs_several_sides_shows_its_places_at_once(page):
    choose(page, "Tripo H3.1 multiview")
    expect(page.locator(".slot")).to_have_count(4)
    page.locator(".slot input").nth(1).set_input_files([picture_file(1, name="left.png")])
    expect(say_total(page)).to_contain_text("needs at least 2 sides")
    page.locator(".slot input").first.set_input_files([picture_file(2, name="front.png")])
    expect(page.get_by_role("button", name="Make 1 model")).to_be_enabled()


def test_nothing_moves_when_the_estimate_arrives(window, alice):
    window.sign_in(alice)
    window.page.add_init_script(WATCH_SHIFTS)
    page = window.open("/upload/")
    with page.expect_response("**/api/v1/estimate"):
        pick(page)
    page.evaluate("window.shifts = 0")
    with page.expect_response("**/api/v1/estimate"):
        page.get_by_text("HD", exact=True).click()
    expect(say_total(page)).to_contain_text("$0.40")
    assert page.evaluate("window.shifts") < 0.01, page.evaluate("window.shifted")


def test_without_a_script(open_window, alice):
    view = open_window(java_script_enabled=False)
    view.sign_in(alice)
    page = view.open("/upload/?engine=tripo-p1")
    page.set_input_files("input[name=files]", [picture_file()])
    page.locator(".engine-summary").click()
    page.locator("[name=engine][value=trellis]").check()
    page.get_by_text("Options of the other engines").click()
    page.get_by_text("More options of TRELLIS", exact=True).click()
    page.locator("[name=trellis-seed]").fill("7")
    page.get_by_role("button", name="Make models").click()
    page.wait_for_url("**/jobs/*/")
    generation = Generation.objects.get()
    assert (generation.engine, generation.options["seed"]) == ("trellis", 7)


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESK)])
def test_it_is_accessible(open_window, alice, scheme, size, settings):
    settings.VIRTUAL_FAL = True
    view = open_window(scheme=scheme, size=size)
    view.sign_in(alice)
    page = view.open("/upload/")
    pick(page, 2)
    page.locator(".engine-summary").click()
    assert view.check_accessibility() == []
    page.locator(".engine-row").filter(has_text="Hunyuan3D v3.1 Pro").click()
    page.get_by_label("These pictures show one object").check()
    expect(page.locator(".slot").first).to_be_visible()
    assert view.check_accessibility() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert view.complaints == []
