"""Who sends the bad inputs? Alice, with her key."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.api.client import Api


@pytest.fixture
def api(alice: User) -> Api:
    return Api(alice)


@pytest.fixture
def nobody(db: None) -> Api:
    return Api(None)
