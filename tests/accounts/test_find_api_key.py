from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey
from accounts.tokens import make_token

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def raw(alice):
    return services.create_api_key(alice, name="script", scopes=["read"])[1]


def test_it_works(raw, alice, django_assert_num_queries):
    with django_assert_num_queries(1):
        key = services.find_api_key(raw)
        assert key.user == alice


def test_a_made_up_key_costs_no_query(raw, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert services.find_api_key(raw[:-1] + ("0" if raw[-1] != "0" else "1")) is None


def test_a_well_formed_key_of_another_site_is_refused(raw):
    assert services.find_api_key(make_token().raw) is None


def test_the_prefix_alone_proves_nothing(raw, monkeypatch):
    other = make_token()
    ApiKey.objects.update(prefix=other.prefix)
    assert services.find_api_key(other.raw) is None


def test_a_revoked_key_is_refused(raw):
    key = ApiKey.objects.get()
    assert services.revoke_api_key(key) is True
    assert services.revoke_api_key(key) is False
    assert services.find_api_key(raw) is None


def test_an_expired_key_is_refused(raw):
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert services.find_api_key(raw) is None


def test_the_key_of_a_user_who_was_switched_off_is_refused(raw, alice):
    alice.is_active = False
    alice.save()
    assert services.find_api_key(raw) is None


def test_it_works_under_a_former_secret_and_is_hashed_anew(raw, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-new-secret" * 4
    assert services.find_api_key(raw) is not None

    settings.SECRET_KEY_FALLBACKS = []
    assert services.find_api_key(raw) is not None
