"""Row N03 of the bad inputs, among others."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from accounts import services
from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client, db):
    user = User.objects.create_superuser("root@example.org", "secret-of-tests")
    client.force_login(user)
    return user


@pytest.mark.parametrize("page", ["user/", "user/add/", "apikey/", "loginfailure/"])
def test_it_works(client, staff, alice, page):
    services.create_api_key(alice, name="script", scopes=["read"])
    assert client.get(f"/admin/accounts/{page}").status_code == 200


def test_a_user_is_made_by_address(client, staff):
    data = {
        "email": "New@example.org",
        "usable_password": "true",
        "password1": "a long phrase",
        "password2": "a long phrase",
    }
    response = client.post("/admin/accounts/user/add/", data)

    assert response.status_code == 302, response.context["errors"]
    assert User.objects.get(email__iexact="new@example.org").check_password("a long phrase")


def test_a_user_has_limits(client, staff, alice):
    page = client.get(f"/admin/accounts/user/{alice.pk}/change/").content.decode()
    assert "limits-0-active_generations" in page


def test_keys_are_looked_at_and_revoked(client, staff, alice):
    key, _ = services.create_api_key(alice, name="script", scopes=["read"])
    page = client.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode()
    assert key.hash not in page
    assert client.get("/admin/accounts/apikey/add/").status_code == 403

    client.post("/admin/accounts/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
    key.refresh_from_db()
    assert key.revoked_at


def test_staff_change_the_limits_of_a_key_and_nothing_else(client, staff, alice):
    key, _ = services.create_api_key(alice, name="script", scopes=["read"])
    data = {"uploads_per_minute": "3", "active_generations": "0", "name": "another", "scopes": '["admin"]'}

    assert client.post(f"/admin/accounts/apikey/{key.pk}/change/", data).status_code == 302

    key.refresh_from_db()
    assert (key.uploads_per_minute, key.active_generations) == (3, 0)
    assert (key.name, key.scopes) == ("script", ["read"])
    assert LogEntry.objects.get().object_id == str(key.pk)


def test_markup_in_names_is_escaped(client, staff, alice):
    services.create_api_key(alice, name="<script>alert(1)</script>", scopes=["read"])
    assert "<script>alert" not in client.get("/admin/accounts/apikey/").content.decode()


def test_a_user_without_rights_sees_nothing(client, alice):
    client.force_login(alice)
    response = client.get("/admin/accounts/user/", follow=True)
    assert response.status_code == 403
    assert "This room is closed to you" in response.content.decode()


def test_strangers_are_led_to_the_one_login_page(client, db):
    response = client.get("/admin/accounts/user/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2Faccounts%2Fuser%2F"


def test_the_admin_has_no_login_of_its_own(client, db):
    response = client.post("/admin/login/", {"username": "root@example.org", "password": "secret-of-tests"})
    assert response.headers["Location"].startswith("/accounts/login/")
