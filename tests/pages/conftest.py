"""Who looks at the pages of jobs? Alice, signed in; Bob, a stranger; and a visitor who is nobody."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def as_alice(alice: User) -> Client:
    return sign_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return sign_in(bob)


@pytest.fixture
def as_nobody(db: None) -> Client:
    return Client()


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
