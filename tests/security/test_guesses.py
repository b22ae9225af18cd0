"""How often may somebody guess? Wherever a password or a code is asked for it counts, and tells nobody who exists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import LoginFailure, User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

WRONG = "not-the-password"
ASKED = {  # every page that takes a password of somebody who is signed in
    "/accounts/password/": {"old_password": WRONG, "new_password1": "x" * 12, "new_password2": "x" * 12},
    "/accounts/delete/": {"password": WRONG},
    "/accounts/": {"email": "other@example.org", "password": WRONG},
    "/accounts/security/two-factor/": {"password": WRONG, "code": "123456"},
}


@pytest.mark.parametrize("path", ASKED)
def test_the_sixth_wrong_password_is_too_many_wherever_it_is_asked_for(client, alice, path):
    client.force_login(alice)
    client.get(path)
    for _ in range(5):
        assert client.post(path, ASKED[path]).status_code == 200
    answer = client.post(path, ASKED[path])
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 900


def test_guesses_at_different_places_count_together(client, alice):
    client.force_login(alice)
    for path in ASKED:
        client.get(path)
        client.post(path, ASKED[path])
    Client().post("/accounts/login/", {"username": alice.email, "password": WRONG})
    answer = Client().post("/accounts/login/", {"username": alice.email, "password": "secret-of-tests"})
    assert answer.status_code == 429


def test_a_right_password_does_not_pay_for_itself(client, alice):
    client.force_login(alice)
    for number in range(8):
        name = {"first_name": f"Alice {number}", "email": alice.email, "password": "secret-of-tests"}
        assert client.post("/accounts/", name).status_code == 302


def test_new_accounts_from_one_address_are_limited(db):
    def sign_up(number: int, address: str = "203.0.113.7") -> int:
        form = {"email": f"user{number}@example.org", "password": "a-good-long-secret"}
        return Client().post("/accounts/signup/", form, REMOTE_ADDR=address).status_code

    assert [sign_up(number) for number in range(10)] == [302] * 10
    assert sign_up(10) == 429
    assert sign_up(11, address="203.0.113.8") == 302
    assert User.objects.count() == 11
    login = Client().post("/accounts/login/", {"username": "user0@example.org", "password": "a-good-long-secret"},
                          REMOTE_ADDR="203.0.113.7")  # fmt: skip
    assert login.status_code == 302  # another door, another count


def test_asking_who_has_an_account_is_limited(alice):
    form = {"email": alice.email, "password": "a-good-long-secret"}
    codes = [Client().post("/accounts/signup/", form, REMOTE_ADDR="203.0.113.7").status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


def test_mails_for_one_address_are_limited_and_do_not_lock_its_owner_out(alice, mailoutbox):
    codes = [Client().post("/accounts/password/reset/", {"email": alice.email}).status_code for _ in range(7)]
    assert codes == [302] * 5 + [429] * 2
    assert len(mailoutbox) == 5
    login = Client().post("/accounts/login/", {"username": alice.email, "password": "secret-of-tests"})
    assert login.status_code == 302


def test_mails_from_one_address_are_limited(db):
    def ask(number: int) -> int:
        form = {"email": f"user{number}@example.org"}
        return Client().post("/accounts/password/reset/", form, REMOTE_ADDR="203.0.113.7").status_code

    assert [ask(number) for number in range(21)] == [302] * 20 + [429]


def read_answers(path: str, forms: list[dict[str, str]]) -> set[tuple[int, str, bytes]]:
    answers = [Client().post(path, form) for form in forms]
    return {(answer.status_code, answer.get("Location", ""), _without_tokens(answer.content)) for answer in answers}


def _without_tokens(page: bytes) -> bytes:
    import re

    page = re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", page)
    return re.sub(rb'value="[^"@]*@example.org"', b"", page)


def test_signing_in_tells_nobody_who_exists(alice):
    UserFactory(email="off@example.org", is_active=False)
    forms = [{"username": email, "password": WRONG} for email in (alice.email, "off@example.org", "no@example.org")]
    assert len(read_answers("/accounts/login/", forms)) == 1


def test_asking_for_a_mail_tells_nobody_who_exists(alice, mailoutbox):
    UserFactory(email="off@example.org", is_active=False)
    forms = [{"email": email} for email in (alice.email, "off@example.org", "no@example.org")]
    assert len(read_answers("/accounts/password/reset/", forms)) == 1
    assert len(mailoutbox) == 1


def test_what_is_counted_is_forgotten_after_a_quarter_of_an_hour(client, alice):
    Client().post("/accounts/login/", {"username": alice.email, "password": WRONG})
    LoginFailure.objects.update(at=timezone.now() - timedelta(minutes=16))
    Client().post("/accounts/login/", {"username": "other@example.org", "password": WRONG})
    assert LoginFailure.objects.count() == 1


def test_passwords_are_hashed_by_argon2(settings):
    """The suite hashes quickly; this is what the product does."""
    from image2model import settings as product

    settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
    user = UserFactory(password="a-good-long-secret")
    assert user.password.startswith("argon2$argon2id$")
    assert user.check_password("a-good-long-secret")


@pytest.mark.parametrize("password", ["short1!", "password", "12345678901", "erika@example.org"])
def test_weak_passwords_are_refused(client, db, password):
    answer = client.post("/accounts/signup/", {"email": "erika@example.org", "password": password})
    assert answer.status_code == 200
    assert not User.objects.exists()
