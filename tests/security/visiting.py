"""What does a browser say of a page? Visits addresses and collects every complaint: policy reports and errors."""

from __future__ import annotations

from dataclasses import dataclass, field

from accounts.models import LoginFailure, User
from accounts.services import create_api_key
from jobs.models import Webhook
from jobs.services.webhooks.subscriptions import send_test
from tests.browser import Window
from tests.factories import make_job
from tests.pages.scenes import fail_one, finish_all
from tests.running import wait_until

WATCH = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    const { effectiveDirective, blockedURI, sample, sourceFile, lineNumber } = event;
    window.violations.push(`${effectiveDirective} ${blockedURI} ${sample} ${sourceFile}:${lineNumber}`);
  });
"""


@dataclass
class Visitor:
    """Somebody's browser, and what it complained of, by page."""

    window: Window
    complaints: dict[str, list[str]] = field(default_factory=dict)
    pages: int = 0

    def __post_init__(self) -> None:
        self.window.page.add_init_script(WATCH)
        # The test server speaks WSGI and has no event streams; pages then ask instead.
        self.window.page.route("**/events?*", lambda route: route.fulfill(status=204))

    def see(self, path: str, *, status: int = 200, until: str = "") -> None:
        """Open the page; ``until``: an expression that becomes true once the page has done its work."""
        before = len(self.window.complaints)
        answer = self.window.page.goto(self.window.base_url + path, wait_until="load")
        assert answer is not None
        assert answer.status == status, (path, answer.status)
        if until:  # asked from outside: what the page itself asks must not be eval
            wait_until(lambda: self.window.page.evaluate(until), what=until, seconds=60)
        told = self.window.complaints[before:]
        if status >= 400:  # the browser says so of the page itself
            told = [line for line in told if f"status of {status}" not in line]
        self.pages += 1
        if found := [*self.window.page.evaluate("window.violations"), *told]:
            self.complaints[path] = found


def make_scene(owner: User) -> None:
    """Something of every kind, so that no page is empty."""
    finish_all(make_job(owner, names=["mug.png", "vase.png"]))
    fail_one(make_job(owner, names=["hat.png"], first=5))
    create_api_key(owner, name="script", scopes=["read"])
    webhook = Webhook.objects.create(owner=owner, url="https://203.0.113.5/", types=["job.failed"])
    send_test(webhook)
    LoginFailure.objects.create(account="a" * 64, address="203.0.113.9")
