from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
CHANGE = "/accounts/password/"


def change(client, old="secret-of-tests", new="another long phrase", again=None):
    return client.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": again or new})


def test_it_works(client, alice):
    other = Client()
    for browser in (client, other):
        browser.force_login(alice)
    assert client.get(CHANGE).status_code == 200
    assert change(client).status_code == 302

    alice.refresh_from_db()
    assert alice.check_password("another long phrase")
    assert client.get("/accounts/password/done/").headers["Location"] == "/accounts/"
    assert client.get("/accounts/").status_code == 200
    assert other.get("/accounts/").status_code == 302


@pytest.mark.parametrize(
    "wishes", [{"old": "wrong"}, {"new": "short"}, {"again": "something else entirely"}, {"new": "alice@example.org"}]
)
def test_it_refuses(client, alice, wishes):
    client.force_login(alice)
    assert "errorlist" in change(client, **wishes).content.decode()
    alice.refresh_from_db()
    assert alice.check_password("secret-of-tests")


def test_it_requires_a_user(client):
    assert client.get(CHANGE).status_code == 302
