from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db
ACCOUNT = "/accounts/"


def save(client, **data):
    fields = {"first_name": "Alice", "last_name": "Liddell", "email": "alice@example.org", "password": ""}
    return client.post(ACCOUNT, {**fields, **data})


def test_it_works(client, alice):
    client.force_login(alice)
    assert client.get(ACCOUNT).status_code == 200
    assert save(client).status_code == 302

    alice.refresh_from_db()
    assert alice.get_full_name() == "Alice Liddell"


def test_it_requires_a_user(client):
    assert client.get(ACCOUNT).headers["Location"] == "/accounts/login/?next=/accounts/"


def test_a_new_address_needs_the_password(client, alice):
    client.force_login(alice)
    page = save(client, email="liddell@example.org", password="wrong").content.decode()
    assert "Enter your current password" in page
    assert "alice@example.org" in page  # the menu still names who is signed in
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"

    save(client, email="Liddell@example.org", password="secret-of-tests")
    alice.refresh_from_db()
    assert alice.email == "liddell@example.org"


def test_an_address_of_somebody_else_is_refused(client, alice, bob):
    client.force_login(alice)
    page = save(client, email="BOB@example.org", password="secret-of-tests").content.decode()
    assert "This address has an account." in page


def test_names_are_escaped(client, alice):
    client.force_login(alice)
    save(client, first_name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in client.get(ACCOUNT).content.decode()


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "is_active"])
def test_nobody_raises_himself(client, alice, field):
    client.force_login(alice)
    save(client, **{field: "on"})
    alice.refresh_from_db()
    assert (alice.is_staff, alice.is_superuser, alice.is_active) == (False, False, True)
