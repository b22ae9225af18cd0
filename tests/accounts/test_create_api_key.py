from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services
from accounts.errors import AccountError
from accounts.models import ApiKey

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def refuse(user, **wishes) -> AccountError:
    with pytest.raises(AccountError) as refusal:
        services.create_api_key(user, **{"name": "script", "scopes": ["read"], **wishes})
    assert not ApiKey.objects.filter(name="script").exists()
    return refusal.value


def test_it_works(alice):
    key, raw = services.create_api_key(alice, name=" render script ", scopes=["write", "read"])

    key.refresh_from_db()
    assert raw.startswith(f"i2m_{key.prefix}_")
    assert key.name == "render script"
    assert key.scopes == ["read", "write"]
    assert key.expires_at is None
    assert raw not in str(key.__dict__)
    assert services.find_api_key(raw) == key


def test_an_eleventh_key_is_refused(alice, bob):
    for number in range(10):
        services.create_api_key(alice, name=f"key {number}", scopes=["read"])

    assert refuse(alice).code == "too_many_keys"
    services.create_api_key(bob, name="his own", scopes=["read"])


def test_keys_that_ended_do_not_count(alice):
    keys = [services.create_api_key(alice, name=f"key {number}", scopes=["read"])[0] for number in range(10)]
    services.revoke_api_key(keys[0])
    services.create_api_key(alice, name="one more", scopes=["read"])
    ApiKey.objects.filter(pk=keys[1].pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    services.create_api_key(alice, name="and one more", scopes=["read"])


def test_scope_admin_is_for_staff(alice):
    assert refuse(alice, scopes=["admin"]).code == "invalid_parameter"

    alice.is_staff = True
    assert services.create_api_key(alice, name="ops", scopes=["admin", "read"])[0].scopes == ["read", "admin"]


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "READ"]])
def test_unknown_scopes_are_refused(alice, scopes):
    assert refuse(alice, scopes=scopes).field == "scopes"


def test_an_expiry_in_the_past_is_refused(alice):
    error = refuse(alice, expires_at=timezone.now() - timedelta(seconds=1))
    assert (error.code, error.field) == ("invalid_parameter", "expires_at")


def test_it_can_have_limits(alice):
    limits = services.KeyLimits(uploads_per_minute=1, active_generations=1_000_000)
    key, _ = services.create_api_key(alice, name="limited", scopes=["write"], limits=limits)
    key.refresh_from_db()
    assert (key.uploads_per_minute, key.active_generations, key.has_limits) == (1, 1_000_000, True)


@pytest.mark.parametrize("name", ["uploads_per_minute", "active_generations"])
@pytest.mark.parametrize("value", [-1, 0, 1_000_001])
def test_limits_that_make_no_sense_are_refused(alice, name, value):
    error = refuse(alice, limits=services.KeyLimits(**{name: value}))
    assert (error.code, error.field) == ("invalid_parameter", name)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\nb", "a\x1bb", "a\ud800b"])
def test_a_name_that_cannot_be_shown_is_refused(alice, name):
    assert refuse(alice, name=name).field == "name"


def test_a_name_with_markup_is_kept_as_it_is(alice):
    key, _ = services.create_api_key(alice, name="<script>alert(1)</script>", scopes=["read"])
    assert key.name == "<script>alert(1)</script>"
