"""How do tests look at pages? Fixtures for headless Chromium, which ``conftest.py`` offers to every module.

``pytest.mark.browser`` on each such test. Without Chromium they are skipped, unless ``REQUIRE_BROWSER=1``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from accounts.models import User
from tests.chromium import CHROMIUM, FLAGS

AXE = Path(__file__).resolve().parent.parent / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 30_000  # WebGL by the processor alone is slow beside another test run
expect.set_options(timeout=PATIENCE_MS)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


class Window:
    """A browser window of somebody, that notes what the page complains about."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> Page:
        self.page.goto(self.base_url + path, wait_until="networkidle")
        return self.page

    def sign_in(self, user: User) -> None:
        """Without the login form, which has tests of its own."""
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        self.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": self.base_url}]
        )

    def check_accessibility(self) -> list[str]:
        """The violations that axe-core finds on the page as it is now."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = self.page.evaluate("axe.run(document, {iframes: false}).then((result) => result.violations)")
        return [f"{found['id']}: {[node['target'] for node in found['nodes']]}" for found in violations]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is missing"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        # Playwright keeps an event loop running in this thread, which makes Django refuse plain database calls.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        yield browser
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        browser.close()


@pytest.fixture
def open_window(chromium: Browser, live_server):
    """``open_window(scheme="dark", size=PHONE)``; each window has cookies and storage of its own."""
    contexts: list[BrowserContext] = []

    def make(*, scheme: str = "light", size: dict[str, int] = DESK, **wishes: object) -> Window:
        context = chromium.new_context(viewport=size, color_scheme=scheme, **wishes)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return Window(context, live_server.url)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def window(open_window) -> Window:
    return open_window()
