from __future__ import annotations

import pytest

from accounts import services
from accounts.errors import AccountError
from accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.database]
SIGN_UP = "/accounts/signup/"


def sign_up(client, email="carol@example.org", password="a long enough phrase"):
    return client.post(SIGN_UP, {"email": email, "password": password})


def test_it_works(client):
    assert client.get(SIGN_UP).status_code == 200
    response = sign_up(client, "Carol@Example.org")

    assert response.headers["Location"] == "/upload/"
    user = User.objects.get()
    assert (user.email, user.is_staff) == ("carol@example.org", False)
    assert user.check_password("a long enough phrase")
    assert client.get("/accounts/").status_code == 200


@pytest.mark.parametrize("password", ["short", "12345678", "password", "carol@example.org", ""])
def test_a_weak_password_is_refused(client, password):
    assert "errorlist" in sign_up(client, password=password).content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a\x00b@example.org", "x" * 250 + "@example.org"])
def test_what_is_no_address_is_refused(client, email):
    assert "errorlist" in sign_up(client, email).content.decode()
    assert not User.objects.exists()


def test_an_address_has_one_account_in_any_case(client, alice):
    assert "This address has an account." in sign_up(client, "ALICE@example.org").content.decode()


def test_who_could_not_sign_up_anyway_learns_of_no_account(client, alice):
    taken, free = (sign_up(client, email, password="short") for email in ("alice@example.org", "carol@example.org"))

    assert taken.status_code == free.status_code == 200
    assert taken.context["form"].errors == free.context["form"].errors
    assert "has an account" not in taken.content.decode()


def test_two_at_once_make_one_account(alice):
    with pytest.raises(AccountError) as refusal:
        services.sign_up("Alice@example.org", "a long enough phrase")
    assert refusal.value.field == "email"


def test_it_can_be_switched_off(client, settings):
    settings.SIGNUP = False
    response = sign_up(client)

    assert response.status_code == 403
    assert "Sign-up is closed" in response.content.decode()
    assert SIGN_UP not in client.get("/").content.decode()
    assert not User.objects.exists()
