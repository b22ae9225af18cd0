"""GET /api/v1/account"""

from __future__ import annotations

import pytest

from accounts.models import Limits, User
from tests.api.client import Api, assert_refused
from tests.factories import finish_job, make_job

pytestmark = pytest.mark.django_db


def test_it_works(api: Api, alice: User, bob: User) -> None:
    finish_job(make_job(alice))
    make_job(alice, pictures=2, first=5)
    make_job(bob, first=9)

    body = api.get("/api/v1/account").json()

    assert body["email"] == "alice@example.org"
    assert body["is_staff"] is False
    assert body["limits"]["max_files"] == 25
    assert body["limits"]["max_file_bytes"] == 10 * 1024 * 1024
    assert body["active_generations"] == 2
    assert body["stored_bytes"] > 0
    assert body["budget"]["limit"] is None


def test_it_tells_the_users_own_limit(api: Api, alice: User) -> None:
    Limits.objects.create(user=alice, active_generations=7)

    assert api.get("/api/v1/account/").json()["limits"]["active_generations"] == 7


def test_d01_it_refuses_nobody(nobody: Api) -> None:
    assert_refused(nobody.get("/api/v1/account"), 401, "not_authenticated")
