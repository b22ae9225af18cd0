"""Who is in every test? Alice owns things, Bob is a stranger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings

from accounts.models import User
from tests.factories import UserFactory


@pytest.fixture
def alice(db: None) -> User:
    return UserFactory(email="alice@example.org")


@pytest.fixture
def bob(db: None) -> User:
    return UserFactory(email="bob@example.org")


@pytest.fixture(autouse=True)
def _empty_storage() -> Iterator[None]:
    """Rows are rolled back after each test; so are the files."""
    yield
    shutil.rmtree(settings.DATA_DIR / "files", ignore_errors=True)
