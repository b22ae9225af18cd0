"""The job page in a browser: it keeps up by the event stream, or by asking, without moving anything."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from jobs import events
from jobs.models import Job
from jobs.services import delete_job, runs
from jobs.states import Stage
from tests.browser import DESK, PHONE
from tests.factories import claim, make_job
from tests.pages.scenes import WATCH_SHIFTS, fail_one, finish_all, finish_one, make_busy_job

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def job(alice) -> Job:
    return make_job(alice, names=["mug.png", "vase.png"])


class Script:
    """An event stream that says what it is given, a frame for each connection, as a server does that restarts."""

    def __init__(self, page) -> None:
        self.frames: list[str] = []
        self.asked: list[str] = []
        page.route("**/events?*", self._answer)

    def add(self, job: Job) -> None:
        frame = events.read_frame(job.pk)
        self.frames.append(f"retry: 50\nid: {frame.id}\nevent: {frame.event}\ndata: {json.dumps(frame.data)}\n\n")

    def _answer(self, route) -> None:
        self.asked.append(route.request.headers.get("last-event-id", route.request.url.partition("=")[2]))
        if self.frames:
            route.fulfill(content_type="text/event-stream", body=self.frames.pop(0))
        else:
            route.fulfill(status=204)


def card(page, generation):
    return page.locator(f"#g-{generation.pk}")


@pytest.fixture
def page(window, alice, job):
    """The page of a job that waits, with a stream that says nothing yet."""
    window.sign_in(alice)
    window.page.add_init_script(WATCH_SHIFTS)
    return window.page


@pytest.fixture
def script(page) -> Script:
    return Script(page)


def open_late(page, window, job, script, *changes) -> None:
    """Open the page as it is now; the changes happen before its script connects and come as frames."""
    page.route("**/js/job*.js", lambda route: (apply(), route.continue_()))

    def apply() -> None:
        for change in changes:
            change()
            script.add(job)

    page.goto(f"{window.base_url}/jobs/{job.pk}/")


def test_it_works(page, window, job, script):
    """Running, failed and done, written into the page as the frames come, and nothing moves."""
    first, second = job.generations.order_by("position")
    version = Job.objects.get(pk=job.pk).version
    open_late(page, window, job, script, lambda: finish_one(job), lambda: fail_one(job))

    expect(card(page, first)).to_have_attribute("data-status", "completed")
    expect(card(page, first).locator(".job-preview")).to_have_attribute("src", f"/generations/{first.pk}/preview/")
    expect(card(page, first).get_by_role("link", name="View in 3D")).to_be_visible()
    expect(card(page, second)).to_contain_text("No object was found in the picture.")
    expect(card(page, second)).to_contain_text("Use a plain background.")
    expect(card(page, second).get_by_role("button", name="Try again: vase.png")).to_be_visible()
    expect(page.locator(".job-head .badge")).to_have_text("Completed")
    expect(page.locator(".job-figures")).to_contain_text("2 of 2 done, 1 failed")
    expect(page.get_by_role("link", name="Download zip")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel all")).to_be_hidden()
    expect(page.locator("[data-spoken]")).to_have_text("Job completed, 1 failed")
    assert int(script.asked[0]) == version  # what the page shows already is not asked for again
    assert len(script.asked) == 2
    assert page.evaluate("window.shifts") < 0.01, page.evaluate("window.shifted")
    assert window.complaints == []


def test_progress_is_written_and_said(page, window, job, script):
    first, second = job.generations.order_by("position")

    def run() -> None:
        runs.record_progress(claim(job), stage=Stage.GENERATING, percent=60)

    open_late(page, window, job, script, run)
    expect(card(page, first)).to_contain_text("Making the model")
    expect(card(page, first)).to_contain_text("60 % · about 1 s")
    expect(card(page, first).locator("progress")).to_have_js_property("value", 60)
    expect(card(page, second)).to_contain_text("next · about 2 s")
    expect(page.locator("[data-bar].progress-large")).to_have_js_property("value", 30)
    expect(page).to_have_title("30 % · Job · Image2Model")


def test_a_reload_shows_the_same(page, window, job, script):
    first, _ = job.generations.order_by("position")
    open_late(page, window, job, script, lambda: finish_all(job))
    expect(card(page, first)).to_have_attribute("data-status", "completed")
    live = page.locator(".job-card").first.inner_text()
    page.reload()
    assert page.locator(".job-card").first.inner_text() == live
    assert len(script.asked) == 1  # a job that is over is not followed


def test_cancel_and_retry_from_a_card(page, window, job, script):
    page.goto(f"{window.base_url}/jobs/{job.pk}/")
    first, _ = job.generations.order_by("position")
    page.get_by_role("button", name="Cancel: mug.png").click()
    expect(card(page, first).locator(".badge")).to_have_text("Cancelled")
    page.get_by_role("button", name="Try again: mug.png").click()
    expect(card(page, first).locator(".badge")).to_have_text("Queued")


def test_delete_is_asked(page, window, job, script):
    page.goto(f"{window.base_url}/jobs/{job.pk}/")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Keep").click()
    assert Job.objects.exists()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/models/?tab=jobs")
    assert not Job.objects.exists()


def test_a_notice_is_offered_and_given_only_when_asked_for(open_window, alice, job):
    view = open_window(permissions=["notifications"])
    view.sign_in(alice)
    page = view.page
    page.add_init_script(
        "window.told = []; window.Notification = class { static permission = 'default';"
        " static requestPermission = async () => 'granted';"
        " constructor(title, {body}) { window.told.push([title, body]); } addEventListener() {} };"
        " Object.defineProperty(document, 'hidden', { get: () => window.isHidden ?? false });"
    )
    page.goto(f"{view.base_url}/jobs/{job.pk}/")
    page.get_by_role("button", name="Tell me when it is done").click()
    expect(page.get_by_role("button", name="You will be told")).to_be_disabled()
    page.evaluate("window.isHidden = true")
    finish_all(job)
    expect(page.locator(".job-head .badge")).to_have_text("Completed")
    assert page.evaluate("window.told") == [["Your models", "2 of 2 models made."]]


def test_when_there_is_no_stream_it_asks(window, alice, job):
    """The test server has none, so this is the fall-back itself."""
    window.sign_in(alice)
    page = window.page
    page.goto(f"{window.base_url}/jobs/{job.pk}/")
    done, failed = job.generations.order_by("position")
    finish_one(job)
    fail_one(job)
    expect(card(page, done)).to_have_attribute("data-status", "completed")
    expect(card(page, failed)).to_contain_text("No object was found in the picture.")
    expect(page.locator(".job-head .badge")).to_have_text("Completed")


def test_a_lost_connection_is_told_until_it_is_back(page, window, job):
    page.route("**/api/v1/jobs/**", lambda route: route.abort())
    page.goto(f"{window.base_url}/jobs/{job.pk}/")
    expect(page.get_by_text("The connection is lost.")).to_be_visible()
    page.unroute("**/api/v1/jobs/**")
    finish_all(job)
    expect(page.locator(".job-head .badge")).to_have_text("Completed")
    expect(page.get_by_text("The connection is lost.")).to_be_hidden()


@pytest.mark.parametrize("words", ["This job was deleted.", "You are signed out."])
def test_when_nothing_more_can_come_it_says_why_and_stops_asking(page, window, job, words):
    asked = []
    page.clock.install()
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith(str(job.pk)) else None)
    page.goto(f"{window.base_url}/jobs/{job.pk}/")
    if words == "This job was deleted.":
        delete_job(job, actor="another tab")
    else:
        window.context.clear_cookies()
    expect(page.get_by_text(words)).to_be_visible()
    so_far = len(asked)
    page.clock.run_for(10_000)  # several times the pace of asking
    assert len(asked) == so_far


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESK)])
def test_it_is_accessible(open_window, alice, scheme, size):
    job = make_busy_job(alice)
    view = open_window(scheme=scheme, size=size)
    view.sign_in(alice)
    Script(view.page)
    page = view.open(f"/jobs/{job.pk}/")
    page.get_by_text("Do this with curl").click()
    assert view.check_accessibility() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert view.complaints == []
