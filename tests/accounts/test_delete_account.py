from __future__ import annotations

import pytest

from accounts import services
from accounts.models import User
from jobs.models import Job
from tests.factories import make_job

pytestmark = pytest.mark.django_db(transaction=True)
DELETE = "/accounts/delete/"


def test_it_works(client, alice, bob):
    make_job(alice)
    his = make_job(bob)
    services.create_api_key(alice, name="script", scopes=["read"])
    client.force_login(alice)
    assert client.get(DELETE).status_code == 200
    response = client.post(DELETE, {"password": "secret-of-tests"}, follow=True)

    assert "are gone" in response.content.decode()
    assert list(User.objects.all()) == [bob]
    assert list(Job.objects.all()) == [his]
    assert client.get("/accounts/").status_code == 302


def test_it_needs_the_password(client, alice):
    client.force_login(alice)
    assert "This is not your password." in client.post(DELETE, {"password": "wrong"}).content.decode()
    assert User.objects.get().is_active


def test_guesses_are_limited(client, alice):
    client.force_login(alice)
    for _ in range(5):
        client.post(DELETE, {"password": "wrong"})
    assert client.post(DELETE, {"password": "secret-of-tests"}).status_code == 429
    assert User.objects.exists()


def test_it_requires_a_user(client):
    assert client.post(DELETE, {"password": "x"}).status_code == 302


def test_nobody_uses_the_account_while_its_work_goes(alice):
    _, raw = services.create_api_key(alice, name="script", scopes=["read"])
    seen = []
    services.delete_account(alice, before=lambda user: seen.append(services.find_api_key(raw)))
    assert seen == [None]
