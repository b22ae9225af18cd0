from __future__ import annotations

from uuid import uuid4

import pytest

from accounts import services

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(alice):
    return services.create_api_key(alice, name="script", scopes=["read"])[0]


def revoke(client, key_id):
    return client.post(f"/accounts/keys/{key_id}/revoke/")


def test_it_works(client, alice, key):
    client.force_login(alice)
    assert client.get(f"/accounts/keys/{key.pk}/revoke/").status_code == 200
    key.refresh_from_db()
    assert key.revoked_at is None

    assert revoke(client, key.pk).headers["Location"] == "/accounts/keys/"
    key.refresh_from_db()
    assert key.revoked_at


def test_somebody_elses_key_does_not_exist(client, bob, key):
    client.force_login(bob)
    assert revoke(client, key.pk).status_code == revoke(client, uuid4()).status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None


def test_it_requires_a_user(client, key):
    assert revoke(client, key.pk).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is None
