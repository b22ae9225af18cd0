"""Who calls the API in these tests? Alice with her key, Bob with his, and somebody without one."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.api.client import Api


@pytest.fixture
def api(alice: User) -> Api:
    return Api(alice)


@pytest.fixture
def stranger(bob: User) -> Api:
    return Api(bob)


@pytest.fixture
def nobody(db: None) -> Api:
    return Api(None)
