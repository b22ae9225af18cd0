from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from accounts import services
from accounts.auth import authenticate_scope

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def identify(**headers):
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return async_to_sync(authenticate_scope)({"type": "http", "headers": pairs})


def make_cookie(user) -> tuple[Client, str]:
    client = Client()
    client.force_login(user)
    return client, f"theme=dark; sessionid={client.cookies['sessionid'].value}"


def test_it_works_with_a_session(alice):
    assert identify(cookie=make_cookie(alice)[1]) == alice


def test_it_works_with_a_key(alice):
    _, raw = services.create_api_key(alice, name="script", scopes=["read"])
    assert identify(authorization=f"bearer {raw}") == alice


def test_nobody_is_none():
    assert identify() is None


@pytest.mark.parametrize("cookie", ["sessionid=", "sessionid=unknown", "sessionid=äöü", ";;=", "sessionid", "x" * 5000])
def test_a_strange_cookie_is_nobody(cookie):
    assert identify(cookie=cookie) is None


def test_a_bad_key_is_told(alice):
    with pytest.raises(AuthenticationFailed) as refusal:
        identify(authorization="Bearer i2m_x", cookie=make_cookie(alice)[1])
    assert refusal.value.get_codes() == "invalid_api_key"


def test_a_key_that_may_not_read_is_told(alice):
    _, raw = services.create_api_key(alice, name="script", scopes=["write"])
    with pytest.raises(PermissionDenied) as refusal:
        identify(authorization=f"Bearer {raw}")
    assert refusal.value.get_codes() == "insufficient_scope"


def test_a_session_ends_with_logout(alice):
    client, cookie = make_cookie(alice)
    client.post("/accounts/logout/")
    assert identify(cookie=cookie) is None


def test_a_session_ends_with_another_password(alice):
    _, cookie = make_cookie(alice)
    alice.set_password("a different phrase")
    alice.save()
    assert identify(cookie=cookie) is None


def test_a_session_of_a_user_who_was_switched_off_is_nobodys(alice):
    _, cookie = make_cookie(alice)
    alice.is_active = False
    alice.save()
    assert identify(cookie=cookie) is None


def test_it_reads_sessions_of_a_former_secret_without_a_write(alice, settings, django_assert_num_queries):
    _, cookie = make_cookie(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-new-secret" * 4
    with django_assert_num_queries(2):
        assert identify(cookie=cookie) == alice
