from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def key(alice):
    return services.create_api_key(alice, name="script", scopes=["read"])[0]


def test_it_works(key):
    services.note_key_use(key)

    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < timedelta(seconds=10)


def test_it_writes_once_a_minute(key, django_assert_num_queries):
    services.note_key_use(key)
    key.refresh_from_db()
    with django_assert_num_queries(0):
        services.note_key_use(key)


def test_two_requests_at_once_write_once(key):
    late = ApiKey.objects.get(pk=key.pk)  # read before the other wrote
    services.note_key_use(key)
    noted = ApiKey.objects.get(pk=key.pk).last_used_at
    services.note_key_use(late)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == noted


def test_it_writes_again_after_a_minute(key):
    old = timezone.now() - timedelta(seconds=61)
    ApiKey.objects.update(last_used_at=old)
    key.refresh_from_db()
    services.note_key_use(key)
    key.refresh_from_db()
    assert key.last_used_at > old
