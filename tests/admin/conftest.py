"""Who looks after the site? Root may do everything; a reader may only look."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client

from jobs.services.fal import provider
from tests.factories import UserFactory


@pytest.fixture
def root(db) -> Client:
    client = Client()
    client.force_login(UserFactory(email="root@example.org", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def reader(db) -> Client:
    """Staff that may look at everything of jobs and change nothing."""
    user = UserFactory(email="reader@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def offer(db):
    """FAL's engines are on offer."""
    cache.clear()
    provider.publish_offer()
    yield
    cache.clear()
