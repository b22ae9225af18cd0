"""Waiting for FAL in a browser: the reason as it changes, the offer of the local engine, what may still be charged."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from jobs.models import Job
from jobs.services import cancel_generation
from jobs.services.fal import breaker, dispatch, provider, unknown
from jobs.services.fal.showing import Sight, show
from jobs.states import Stage
from tests.browser import DESK, PHONE
from tests.factories import make_job
from tests.money import work
from tests.pages.test_job_in_browser import Script, card, open_late

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _offer(transactional_db, settings):
    settings.FAL_CONCURRENCY = 1
    cache.clear()
    provider.publish_offer()
    yield
    cache.clear()


@pytest.fixture
def job(alice) -> Job:
    return make_job(alice, names=["mug.png", "vase.png"], engine="tripo-v2.5")


@pytest.fixture
def page(window, alice):
    window.sign_in(alice)
    return window.page


@pytest.fixture
def script(page) -> Script:
    return Script(page)


def pause() -> None:
    breaker.pause("balance", message="")
    dispatch.explain_waiting()


def resume() -> None:
    breaker.reset(actor="root")
    dispatch.explain_waiting()


def send(job: Job) -> None:
    attempt = work.send()
    sight = Sight(
        generation_id=attempt.generation_id, job_id=job.pk, attempt=attempt.number, stage=Stage.GENERATING, percent=40
    )
    show([sight])


def test_it_works(page, window, job, script):
    """FAL is paused while somebody looks on; what waits is made here instead, at one press."""
    first, second = job.generations.order_by("position")
    open_late(page, window, job, script, pause)
    notice = page.locator("[data-wait]")
    expect(notice).to_contain_text("The balance of this site at FAL is used up.")
    expect(card(page, first)).to_contain_text("Waiting: FAL is paused")
    expect(card(page, first)).not_to_contain_text("about")  # nobody knows how long
    expect(notice.get_by_role("button")).to_have_text("Make the 2 that wait with the local engine, free and at once")
    page.get_by_role("button", name="Make locally: mug.png").click()
    expect(page.get_by_text("It goes on with the local engine.")).to_be_visible()
    expect(page.get_by_role("button", name="Make locally: mug.png")).to_be_hidden()
    page.locator("[data-wait]").get_by_role("button", name="Make the one that waits").click()
    expect(page.locator("[data-wait]")).to_be_hidden()
    second.refresh_from_db()
    assert second.engine == "local"
    assert window.complaints == []


def test_it_goes_on_by_itself(page, window, job, script):
    first, second = job.generations.order_by("position")
    pause()
    job.refresh_from_db()
    open_late(page, window, job, script, resume, lambda: send(job))
    expect(card(page, first)).to_contain_text("Making the model")
    expect(page.locator("[data-wait]")).to_be_hidden()
    expect(card(page, first).get_by_role("button", name="Make locally: mug.png")).to_be_hidden()
    expect(card(page, second).get_by_role("button", name="Make locally: vase.png")).to_be_visible()
    expect(page.locator("[data-cost]")).to_have_text(" · about $0.60")


def test_cancelled_at_fal(page, window, alice, job, script):
    first, _ = job.generations.order_by("position")
    send(job)
    open_late(page, window, job, script, lambda: cancel_generation(first, actor=str(alice)))
    expect(card(page, first)).to_contain_text("Cancelled")
    expect(card(page, first)).to_contain_text("FAL may still charge for it")


def test_the_page_of_a_model_keeps_up_too(page, window, job, script):
    first, _ = job.generations.order_by("position")

    def lose() -> None:
        attempt = work.claim()
        work.begin(attempt)
        unknown.mark_unknown(attempt.pk, reason="reset")

    def late(route):
        for change in (pause, resume, lose):
            change()
            script.add(job)
        route.continue_()

    page.route("**/js/result*.js", late)
    page.goto(f"{window.base_url}/generations/{first.pk}/")
    expect(page.locator("[data-words]")).to_have_text("Asking whether FAL took it")
    expect(page.locator("[data-hint]")).to_contain_text("not sent a second time")
    expect(page.get_by_role("button", name="Make with the local engine")).to_be_hidden()
    assert window.complaints == []


def test_without_a_stream_the_reasons_codes_are_said_in_words(page, window, job):
    """The fall-back asks the API, which tells the reason by its code."""
    first, _ = job.generations.order_by("position")
    page.goto(f"{window.base_url}/jobs/{job.pk}/")
    pause()
    expect(card(page, first)).to_contain_text("Waiting: FAL is paused")


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESK)])
def test_it_is_accessible(open_window, alice, job, scheme, size):
    first, _ = job.generations.order_by("position")
    send(job)
    cancel_generation(first, actor=str(alice))
    pause()
    view = open_window(scheme=scheme, size=size)
    view.sign_in(alice)
    for path in (f"/jobs/{job.pk}/", *(f"/generations/{row.pk}/" for row in job.generations.all())):
        Script(view.page)
        view.page.goto(view.base_url + path)
        assert view.check_accessibility() == []
        assert view.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert view.complaints == []
