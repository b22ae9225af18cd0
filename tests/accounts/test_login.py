"""Row N01 of the bad inputs, among others."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import median

import pytest
from django.utils import timezone

from accounts.models import LoginFailure

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LOGIN = "/accounts/login/"


def sign_in(client, email="alice@example.org", password="wrong", *, address="203.0.113.1", **data):
    return client.post(LOGIN, {"username": email, "password": password, **data}, REMOTE_ADDR=address)


def test_it_works(client, alice):
    assert client.get(LOGIN).status_code == 200
    response = sign_in(client, "Alice@Example.org", "secret-of-tests", next="/accounts/keys/")

    assert response.headers["Location"] == "/accounts/keys/"
    assert client.get("/accounts/keys/").status_code == 200
    assert not LoginFailure.objects.exists()


def test_it_leads_to_the_models(client, alice):
    assert sign_in(client, password="secret-of-tests").headers["Location"] == "/models/"


def test_a_foreign_next_is_ignored(client, alice):
    response = sign_in(client, password="secret-of-tests", next="https://evil.example/")
    assert response.headers["Location"] == "/models/"


def test_a_wrong_password_is_told_without_saying_what_was_wrong(client, alice):
    known, unknown = sign_in(client).content.decode(), sign_in(client, "nobody@example.org").content.decode()

    assert "do not belong together" in known
    assert "do not belong together" in unknown


def test_a_user_who_was_switched_off_gets_the_same_words(client, alice):
    alice.is_active = False
    alice.save()
    assert "do not belong together" in sign_in(client, password="secret-of-tests").content.decode()


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_the_sixth_wrong_password_of_an_account_is_too_many(client, alice, email):
    for number in range(5):
        assert sign_in(client, email.upper(), address=f"203.0.113.{number}").status_code == 200
    response = sign_in(client, email, "secret-of-tests")

    assert response.status_code == 429
    assert 880 < int(response["Retry-After"]) <= 900
    assert "Come back in 15 minutes" in response.content.decode()


def test_the_twenty_first_wrong_password_of_an_address_is_too_many(client, alice):
    for number in range(20):
        assert sign_in(client, f"user{number}@example.org").status_code == 200

    assert sign_in(client, "another@example.org").status_code == 429
    assert sign_in(client, "another@example.org", address="203.0.113.2").status_code == 200


def test_the_door_opens_again_after_a_quarter_of_an_hour(client, alice):
    for _ in range(6):
        sign_in(client)
    LoginFailure.objects.update(at=timezone.now() - timedelta(minutes=15, seconds=1))

    assert sign_in(client, password="secret-of-tests").status_code == 302


def test_shaking_the_door_does_not_keep_it_closed(client, alice):
    for _ in range(5):
        sign_in(client)
    LoginFailure.objects.update(at=timezone.now() - timedelta(minutes=14))
    for _ in range(10):
        assert int(sign_in(client)["Retry-After"]) <= 60
    assert LoginFailure.objects.count() == 5


def test_a_right_password_forgets_the_wrong_ones(client, alice):
    for _ in range(4):
        sign_in(client)
    sign_in(client, password="secret-of-tests")
    client.logout()

    for _ in range(5):
        assert sign_in(client).status_code == 200


def test_the_failures_name_nobody(client, alice):
    sign_in(client)
    assert "alice" not in str(LoginFailure.objects.values().get())


def test_unknown_accounts_take_as_long(client, alice, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    alice.set_password("secret-of-tests")
    alice.save()

    def measure(email):
        LoginFailure.objects.all().delete()
        began = time.process_time()  # of this process alone: other work on the machine does not disturb
        sign_in(client, email)
        return time.process_time() - began

    measure("alice@example.org")  # the first render fills the caches
    rounds = [(measure("alice@example.org"), measure("nobody@example.org")) for _ in range(7)]
    known, unknown = (median(times) for times in zip(*rounds, strict=True))
    assert abs(known - unknown) < 0.2 * known


def test_who_is_signed_in_is_led_on(client, alice):
    client.force_login(alice)
    assert client.get(LOGIN).status_code == 302
