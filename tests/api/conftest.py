"""Who calls the API in these tests? Alice with her key, Bob with his, and somebody without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.models import User
from tests.api.client import Api


@pytest.fixture(autouse=True)
def _nothing_came_in_before(settings) -> None:
    """Other tests of this process leave files there, as the locks of large pictures."""
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        path.unlink()


@pytest.fixture
def api(alice: User) -> Api:
    return Api(alice)


@pytest.fixture
def stranger(bob: User) -> Api:
    return Api(bob)


@pytest.fixture
def nobody(db: None) -> Api:
    return Api(None)
