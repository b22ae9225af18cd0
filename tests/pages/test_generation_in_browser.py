"""The page of a model in a browser: turning it, looking into it, having formats made, under our own content policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from jobs.models import Generation
from jobs.services import formats as conversions
from tests.browser import DESK, PHONE
from tests.factories import claim, make_artifact, make_job
from tests.pages.scenes import WARNINGS, fail_one, finish_one

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READY = "[data-viewer][data-ready]"
WIREFRAMES = """() => {
  const viewer = document.querySelector("model-viewer");
  const symbol = Object.getOwnPropertySymbols(viewer).find((entry) => entry.description === "scene");
  const found = [];
  viewer[symbol].traverse((object) => object.material?.isMeshStandardMaterial && found.push(object.material.wireframe));
  return found;
}"""


@pytest.fixture
def generation(alice) -> Generation:
    job = make_job(alice, names=["mug.png", "vase.png", "shoe.png"])
    finish_one(job)
    middle = finish_one(job, warnings=WARNINGS)
    finish_one(job)
    return middle


@pytest.fixture
def page(window, alice, generation):
    window.sign_in(alice)
    page = window.open(f"/generations/{generation.pk}/")
    page.wait_for_selector(READY)
    return page


@pytest.fixture
def still(window, alice, generation):
    """The page without its viewer, whose first picture takes seconds without a graphics card."""
    window.sign_in(alice)
    window.page.route("**/model-viewer*.js", lambda route: route.abort())
    return window.open(f"/generations/{generation.pk}/")


def test_it_works(page, window):
    """Shown under our content policy, and every button of the toolbar does what it says."""
    viewer = page.locator("model-viewer")
    assert page.evaluate("document.querySelector('model-viewer').getDimensions().x") == pytest.approx(1)
    expect(page.get_by_text("Loading the model")).to_be_hidden()

    wireframe = page.get_by_role("button", name="Wireframe")
    for is_on, state in ((True, "true"), (False, "false")):
        wireframe.click()
        expect(wireframe).to_have_attribute("aria-pressed", state)
        assert page.evaluate(WIREFRAMES) == [is_on]

    turning = page.get_by_role("button", name="Turn by itself")
    for is_on in (True, False):
        turning.click()
        expect(viewer).to_have_js_property("autoRotate", is_on)

    page.get_by_label("Exposure").fill("2")
    expect(viewer).to_have_js_property("exposure", 2)
    page.get_by_text("Dark", exact=True).click()
    expect(page.locator("[data-viewer]")).to_have_attribute("data-ground", "dark")
    assert window.complaints == []


def test_until_the_viewer_is_there_the_preview_stands_for_it(still):
    """On a slow line its script takes seconds: a picture and a word, and no button that does nothing yet."""
    poster = still.locator("model-viewer > img")
    assert poster.evaluate("image => image.decode().then(() => image.clientWidth)") > 300
    expect(still.get_by_text("Loading the model")).to_be_visible()
    expect(still.get_by_text("In your room")).to_be_hidden()


def test_reset(page):
    orbit = "document.querySelector('model-viewer').getCameraOrbit().theta.toFixed(3)"
    before = page.evaluate(orbit)
    page.evaluate("document.querySelector('model-viewer').cameraOrbit = '100deg 40deg auto'")
    page.evaluate("document.querySelector('model-viewer').jumpCameraToGoal()")
    page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert page.evaluate(orbit) != before
    page.get_by_role("button", name="Reset view").click()
    page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert page.evaluate(orbit) == before


def test_a_screenshot(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a screenshot").click()
    assert download.value.suggested_filename == "vase.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_full_screen(page):
    button = page.get_by_role("button", name="Full screen")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.fullscreenElement.matches('[data-viewer]')")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_format_becomes_a_download(still, generation):
    still.get_by_label("Longest edge").fill("80")
    still.get_by_role("button", name="Make STL").click()
    expect(still.locator("[data-format=stl]")).to_contain_text("Being made")
    conversion = conversions.claim_conversion()
    assert conversion.options == {"longest_edge_mm": 80}
    artifact = make_artifact(generation, format_id="stl")
    conversions.complete_conversion(conversion, artifact=artifact)
    expect(still.get_by_role("link", name="Download STL")).to_be_visible()
    expect(still.locator(".toasts")).to_contain_text("STL is ready.")


def test_a_format_that_fails_is_said(still):
    still.get_by_role("button", name="Make OBJ").click()
    expect(still.locator("[data-format=obj]")).to_contain_text("Being made")
    conversions.fail_conversion(conversions.claim_conversion(), code="conversion_failed", message="The mesh is empty.")
    expect(still.locator("[data-format=obj]")).to_contain_text("The mesh is empty.")
    expect(still.locator(".toasts")).to_contain_text("OBJ could not be made.")
    expect(still.get_by_role("button", name="Make OBJ")).to_be_enabled()


def test_what_was_cut_out(still):
    button = still.get_by_role("button", name="What was cut out")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(still.locator(".source-mask")).to_have_css("opacity", "0.85")


def test_the_arrow_keys_lead_to_the_neighbours(still):
    still.keyboard.press("ArrowRight")
    expect(still.locator("h1")).to_have_text("shoe")
    still.wait_for_load_state()  # keys are heard once the page's script runs
    still.keyboard.press("ArrowLeft")
    expect(still.locator("h1")).to_have_text("vase")


def test_one_that_runs_turns_into_its_model(window, alice):
    job = make_job(alice)
    window.sign_in(alice)
    page = window.page
    page.goto(f"{window.base_url}/generations/{job.generations.get().pk}/")
    expect(page.locator("[data-words]")).to_have_text("Waiting for its turn")
    finish_one(job)
    expect(page.locator("model-viewer")).to_be_visible()


def test_a_model_that_cannot_be_shown_is_said(window, alice, generation):
    window.sign_in(alice)
    model = generation.artifacts.get(role="model")
    window.page.route(f"**/artifacts/{model.pk}/", lambda route: route.fulfill(status=503, body=""))
    page = window.open(f"/generations/{generation.pk}/")
    expect(page.locator("[data-viewer-problem]")).to_be_visible()


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESK)])
def test_it_is_accessible(open_window, alice, generation, scheme, size):
    view = open_window(scheme=scheme, size=size)
    view.sign_in(alice)
    page = view.open(f"/generations/{generation.pk}/")
    page.wait_for_selector(READY)
    assert view.check_accessibility() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert view.complaints == []


@pytest.mark.parametrize("end", [fail_one, claim])
def test_it_is_accessible_without_a_model(window, alice, end):
    generation = end(make_job(alice))
    window.sign_in(alice)
    window.page.route("**/events?*", lambda route: route.fulfill(status=204))
    window.open(f"/generations/{generation.pk}/")
    assert window.check_accessibility() == []
