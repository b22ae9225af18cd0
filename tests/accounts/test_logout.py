from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_it_works(client, alice):
    client.force_login(alice)
    response = client.post("/accounts/logout/")

    assert response.headers["Location"] == "/"
    assert client.get("/accounts/").status_code == 302


def test_a_link_does_not_sign_out(client, alice):
    client.force_login(alice)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.get("/accounts/").status_code == 200
