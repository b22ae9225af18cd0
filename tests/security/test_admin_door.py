"""Where is the admin, and from where is it reached?"""

from __future__ import annotations

import importlib

import pytest
from django.urls import clear_url_caches, set_urlconf

from image2model import urls
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

INSIDE, OUTSIDE = "10.1.2.3", "203.0.113.7"
PATHS = ("/admin/", "/admin/login/", "/admin/jobs/job/", "/admin/django_rq/dashboard/", "/admin/nowhere/")


@pytest.fixture
def root(client):
    client.force_login(UserFactory(email="root@example.org", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def moved(settings):
    settings.ADMIN_PATH = "back-office"
    _load_addresses()
    yield
    settings.ADMIN_PATH = "admin"
    _load_addresses()


def _load_addresses() -> None:
    importlib.reload(urls)
    clear_url_caches()
    set_urlconf(None)


@pytest.mark.parametrize("path", PATHS)
def test_from_elsewhere_there_is_nothing(root, settings, path):
    settings.ADMIN_ADDRESSES = ["10.0.0.0/8", "2001:db8::/32"]
    assert root.get(path, REMOTE_ADDR=OUTSIDE).status_code == 404
    assert root.post(path, REMOTE_ADDR=OUTSIDE).status_code == 404


@pytest.mark.parametrize("address", ["", "unix:", "::ffff:203.0.113.7", "10.1.2.3.4", "2001:db9::1"])
def test_what_is_no_such_address_is_elsewhere(root, settings, address):
    settings.ADMIN_ADDRESSES = ["10.0.0.0/8", "2001:db8::/32"]
    assert root.get("/admin/", REMOTE_ADDR=address).status_code == 404


@pytest.mark.parametrize("address", [INSIDE, "::ffff:10.1.2.3", "2001:db8::1"])
def test_from_inside_it_works(root, settings, address):
    settings.ADMIN_ADDRESSES = ["10.0.0.0/8", "2001:db8::/32"]
    assert root.get("/admin/", REMOTE_ADDR=address).status_code == 200


def test_a_header_that_anybody_can_send_opens_nothing(root, settings):
    settings.ADMIN_ADDRESSES = ["10.0.0.0/8"]
    for header in ("x-forwarded-for", "x-real-ip", "forwarded", "client-ip"):
        assert root.get("/admin/", REMOTE_ADDR=OUTSIDE, headers={header: INSIDE}).status_code == 404, header


def test_the_portal_is_open_to_everybody(root, settings):
    settings.ADMIN_ADDRESSES = ["10.0.0.0/8"]
    assert root.get("/models", REMOTE_ADDR=OUTSIDE).status_code == 200


def test_it_can_be_moved(root, moved, settings):
    assert root.get("/back-office/").status_code == 200
    assert root.get("/admin/").status_code == 404
    page = root.get("/back-office/").content.decode()
    assert 'href="/back-office/' in page
    assert 'href="/admin/' not in page


def test_moved_it_keeps_its_door(root, moved, settings):
    settings.ADMIN_ADDRESSES = ["10.0.0.0/8"]
    assert root.get("/back-office/", REMOTE_ADDR=OUTSIDE).status_code == 404
    settings.ADMIN_ADDRESSES, settings.REQUIRE_TWO_FACTOR = [], True
    assert root.get("/back-office/")["Location"] == "/accounts/security/"
