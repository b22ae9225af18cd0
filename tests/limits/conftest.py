"""Who comes too often in these tests? Alice, by key and by page."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.api.client import Api


@pytest.fixture
def api(alice: User) -> Api:
    return Api(alice)


@pytest.fixture
def stranger(bob: User) -> Api:
    return Api(bob)


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client
