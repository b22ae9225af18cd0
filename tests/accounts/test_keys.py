"""Row N07 of the bad inputs, among others."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey

pytestmark = pytest.mark.django_db
KEYS = "/accounts/keys/"


@pytest.fixture
def client(client, alice):
    client.force_login(alice)
    return client


def make(client, **data):
    return client.post(KEYS, {"name": "render script", "scopes": ["read", "write"], "days": "90", **data})


def test_it_works(client):
    assert "No keys yet" in client.get(KEYS).content.decode()
    response = make(client)
    page = response.content.decode()

    raw = re.search(r"i2m_\w{8}_\w{38}", page)[0]
    key = services.find_api_key(raw)
    assert key.scopes == ["read", "write"]
    assert timedelta(days=89) < key.expires_at - timezone.now() < timedelta(days=91)
    assert f"Authorization: Bearer {raw}" in page.replace("&quot;", '"')
    assert "no-store" in response["Cache-Control"]


def test_the_key_is_shown_once(client):
    raw = re.search(r"i2m_\w{8}_\w{38}", make(client).content.decode())[0]
    page = client.get(KEYS).content.decode()
    assert raw not in page
    assert raw[:12] in page


def test_it_can_have_no_end(client):
    make(client, days="never")
    assert ApiKey.objects.get().expires_at is None


def test_it_shows_the_keys_that_ended(client, alice):
    key, _ = services.create_api_key(alice, name="old script", scopes=["read"])
    services.revoke_api_key(key)
    page = client.get(KEYS).content.decode()
    assert "old script" in page
    assert "Revoked" in page


def test_the_eleventh_is_refused(client, alice):
    for number in range(10):
        services.create_api_key(alice, name=f"key {number}", scopes=["read"])
    assert "You have 10 keys in use." in make(client).content.decode()
    assert ApiKey.objects.count() == 10


@pytest.mark.parametrize(
    "wishes",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\x00b"},
        {"name": "a\x1bb"},
        {"scopes": []},
        {"scopes": ["admin"]},
        {"days": ""},
        {"days": "-1"},
        {"days": "9999999"},
    ],
)
def test_it_refuses(client, wishes):
    assert "errorlist" in make(client, **wishes).content.decode()
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("limit", ["0", "-1", "1000001", "2.5", "many"])
def test_it_refuses_limits(client, limit):
    assert "errorlist" in make(client, uploads_per_minute=limit).content.decode()
    assert "errorlist" in make(client, active_generations=limit).content.decode()
    assert not ApiKey.objects.exists()


def test_it_can_have_limits(client):
    page = make(client, uploads_per_minute="5", active_generations="1").content.decode()

    key = ApiKey.objects.get()
    assert (key.uploads_per_minute, key.active_generations) == (5, 1)
    assert "5 uploads a minute<" in page
    assert "1 generation at once<" in page


def test_it_has_none_unless_told(client):
    page = make(client).content.decode()
    assert "uploads a minute<" not in page
    assert "at once<" not in page
    assert not ApiKey.objects.get().has_limits


def test_staff_may_choose_admin(client, alice):
    assert "Administer" not in client.get(KEYS).content.decode()
    alice.is_staff = True
    alice.save()
    make(client, scopes=["admin"])
    assert ApiKey.objects.get().scopes == ["admin"]


def test_a_name_with_markup_is_escaped(client):
    page = make(client, name="<script>alert(1)</script>").content.decode()
    assert ApiKey.objects.exists()
    assert "<script>alert" not in page


def test_somebody_elses_keys_are_not_shown(client, bob):
    services.create_api_key(bob, name="his secret project", scopes=["read"])
    assert "his secret project" not in client.get(KEYS).content.decode()


def test_it_requires_a_user(client):
    client.logout()
    assert client.get(KEYS).status_code == 302
    assert make(client).status_code == 302
    assert not ApiKey.objects.exists()
