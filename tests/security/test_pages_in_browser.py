"""Every kind of page lives under the content security policy: a browser reports nothing, whoever looks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import expect
from rq.job import Job as Bell
from rq.results import Result

from accounts.models import User
from jobs import queue
from jobs.models import Generation
from tests.factories import UserFactory
from tests.security.visiting import Visitor, make_scene
from tests.site.walking import ROUTES, fill, set_scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PUBLIC = ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/password/reset/sent/")
MODEL_IS_SHOWN = "document.querySelector('model-viewer')?.loaded === true"
SWAGGER_IS_SHOWN = "document.querySelectorAll('.opblock').length > 10"
REDOC_IS_SHOWN = "document.querySelectorAll('redoc h1, redoc h2').length > 5"


@pytest.fixture
def root(db) -> User:
    return UserFactory(email="root@example.org", is_staff=True, is_superuser=True)


def test_a_stranger_sees_pages_without_complaint(window):
    visitor = Visitor(window)
    for path in PUBLIC:
        visitor.see(path)
    visitor.see("/nowhere", status=404)
    visitor.see("/accounts/password/reset/MQ/wrong-token/")
    assert visitor.complaints == {}


def test_the_documents_of_the_api_work(window):
    visitor = Visitor(window)
    visitor.see("/api/docs", until=SWAGGER_IS_SHOWN)
    visitor.see("/api/redoc", until=REDOC_IS_SHOWN)
    assert visitor.complaints == {}


def test_an_owner_sees_every_page_without_complaint(window):
    scene = set_scene()
    routes = [route for route in ROUTES if not route.startswith(("admin/", "api/", "accounts/password/reset/<"))]
    window.sign_in(scene.owner)
    visitor = Visitor(window)
    for path in _find_pages(scene.owner, [fill(route, scene) for route in routes]):
        visitor.see(path)
    assert visitor.complaints == {}
    assert visitor.pages > 15


def test_the_viewer_shows_a_model(window, alice):
    make_scene(alice)
    window.sign_in(alice)
    visitor = Visitor(window)
    done = Generation.objects.filter(status="completed").first()
    visitor.see(reverse("generation", args=[done.pk]), until=MODEL_IS_SHOWN)
    assert visitor.complaints == {}


def test_staff_see_every_page_of_the_admin_without_complaint(window, alice, root):
    make_scene(alice)
    window.sign_in(root)
    visitor = Visitor(window)
    for path in _find_pages(root, ["/styleguide/", *_list_admin_pages()]):
        visitor.see(path)
    assert visitor.complaints == {}
    assert visitor.pages > 30


def test_staff_see_the_queues_without_complaint(window, root):
    bell = _leave_failed_bell()
    home, one = reverse("admin:django_rq_home"), f"queues/1/{bell.id}/"
    pages = ["", "queues/1/", "workers/1/", one, f"{one}results/{bell.latest_result().id}/", f"{one}delete/"]
    pages += [f"queues/1/{name}/" for name in ("details", "finished", "failed", "scheduled", "started", "deferred")]
    window.sign_in(root)
    visitor = Visitor(window)
    for path in (*pages, "queues/1/empty/", "queues/1/requeue-all/", "queues/1/failed/clear/"):
        visitor.see(home + path)
    assert visitor.complaints == {}


def test_staff_act_on_many_bells_at_once(window, root):
    """The pages of the queues keep their work though their inline scripts are gone."""
    bell = _leave_failed_bell()
    window.sign_in(root)
    page = window.open(reverse("admin:django_rq_failed_jobs", args=[1]))
    page.check("#action-toggle")
    expect(page.locator(f"input.action-select[value='{bell.id}']")).to_be_checked()
    page.select_option("select[name=action]", "delete")
    page.click("button[name=index]")
    expect(page.locator("body")).to_contain_text(bell.id)
    assert not [line for line in window.complaints if "Content Security Policy" in line]


def _leave_failed_bell() -> Bell:
    """A doorbell that ended badly, with its result."""
    rung = queue.find_queue(queue.LOCAL)
    bell = rung.enqueue("jobs.tasks.drain_local", failure_ttl=600)
    rung.empty()
    bell = rung.enqueue("jobs.tasks.drain_local", failure_ttl=600)
    bell.set_status("failed")
    rung.failed_job_registry.add(bell, ttl=600, exc_string="it broke")
    Result.create_failure(bell, ttl=600, exc_string="it broke")
    return bell


def _list_admin_pages() -> Iterator[str]:
    """Each page that the admin has for a model and for one row of it."""
    yield from map(reverse, ("admin:index", "admin:password_change", "admin:password_change_done"))
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        try:
            yield from (reverse(f"{name}_changelist"), reverse(f"{name}_add"))
        except NoReverseMatch:
            continue
        for row in model.objects.all()[:1] if model._meta.managed else ():
            pages = ("change", "history", "delete") if model is User else ("change", "delete")
            yield from (reverse(f"{name}_{page}", args=[row.pk]) for page in pages)
    yield from (reverse("admin:app_list", args=[label]) for label in ("accounts", "jobs"))
    yield from (reverse("admin:auth_user_password_change", args=[user.pk]) for user in User.objects.all()[:1])


def _find_pages(user: User, paths: list[str]) -> Iterator[str]:
    """Those that answer this user with a page."""
    client, seen = Client(), set()
    client.force_login(user)
    for path in paths:
        if "^" in path or path.rstrip("/") in seen:
            continue
        seen.add(path.rstrip("/"))
        answer = client.get(path)
        answer.close()
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            yield path
