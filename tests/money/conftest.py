"""What do all tests of money need? An offer of paid engines that ends with the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from jobs.services.fal.provider import publish_offer


@pytest.fixture(autouse=True)
def _offer(db: None) -> Iterator[None]:
    publish_offer()
    yield
    cache.clear()
