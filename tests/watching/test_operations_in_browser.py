"""The page Operations in Chromium: wide and narrow, light and dark, without complaints"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from image2model.models import RunningProcess
from image2model.ops import readings
from image2model.ops.alerts import watch
from jobs.models import Generation, Provider, WorkerHeartbeat
from tests.browser import DESK, PHONE
from tests.factories import UserFactory, make_job
from tests.watching.conftest import Receiver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("processes")]
LOOKS = [("light", DESK), ("dark", DESK), ("light", PHONE)]


def look() -> None:
    """In a thread of its own, as beside the watcher: Playwright's loop runs in this one."""

    def look_and_close() -> None:
        watch.look()
        connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(look_and_close).result()


def make_trouble(alice) -> None:
    make_job(alice, names=["a-chair-with-a-rather-long-name-of-its-file.png"])
    Generation.objects.update(created_at=timezone.now() - timedelta(minutes=40))
    RunningProcess.objects.filter(kind="web").update(commit="0123456789abcdef")
    Provider.objects.create(name="fal", engines=["tripo-v2.5"], paused_reason="balance", paused_at=timezone.now())
    WorkerHeartbeat.objects.create(name="fal-1", queue="fal", pid=1, host="h", version="0.0.1")
    with readings.note_sweep():
        pass
    look()


@pytest.mark.parametrize("state", ["well", "troubled"])
@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_it_works(open_window, alice, settings, receiver: Receiver, state: str, scheme: str, size) -> None:
    settings.ALERT_WEBHOOK_URL = receiver.url
    if state == "troubled":
        make_trouble(alice)
    view = open_window(scheme=scheme, size=size)
    view.sign_in(UserFactory(is_staff=True, is_superuser=True))

    page = view.open(reverse("admin:operations"))

    assert page.locator("#processes").is_visible()
    assert page.locator(".operations .card").count() == 6
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert view.check_accessibility() == []
    assert view.complaints == []
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"operations-{state}-{scheme}-{size['width']}.png", full_page=True)


def test_a_test_message_is_asked_for_by_a_click(open_window, settings, receiver: Receiver) -> None:
    settings.ALERT_WEBHOOK_URL = receiver.url
    view = open_window(size=PHONE)
    view.sign_in(UserFactory(is_staff=True, is_superuser=True))

    page = view.open(reverse("admin:operations"))
    page.get_by_role("button", name="Send a test message").click()

    assert page.get_by_text("A test message goes out within ten seconds").is_visible()
    look()
    assert len(receiver.got) == 1
