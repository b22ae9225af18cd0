"""GET and POST /api/v1/keys, DELETE /api/v1/keys/{id}"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import ApiKey, User
from tests.api.client import Api, assert_refused

pytestmark = pytest.mark.django_db

KEYS = "/api/v1/keys"


def test_it_works(api: Api, nobody: Api) -> None:
    response = api.post(KEYS, {"name": "Laptop", "scopes": ["read"]})

    body = response.json()
    assert response.status_code == 201
    assert body["key"].startswith(body["prefix"])
    assert body["scopes"] == ["read"]
    assert response["Cache-Control"] == "no-store"
    nobody.headers["Authorization"] = f"bearer {body['key']}"
    assert nobody.get("/api/v1/jobs").status_code == 200
    assert_refused(nobody.post(KEYS, {"name": "Another"}), 403, "insufficient_scope")


def test_it_can_have_limits(api: Api) -> None:
    made = api.post(KEYS, {"name": "Laptop", "uploads_per_minute": 5, "active_generations": None}).json()

    assert (made["uploads_per_minute"], made["active_generations"]) == (5, None)
    assert [key["uploads_per_minute"] for key in api.get(KEYS).json()["results"]] == [5, None]


def test_it_lists_keys_without_the_keys(api: Api, stranger: Api) -> None:
    api.post(KEYS, {"name": "<script>alert(1)</script>"})

    keys = api.get(KEYS).json()["results"]

    assert [key["name"] for key in keys] == ["<script>alert(1)</script>", "tests"]
    assert "key" not in keys[0]
    assert "hash" not in keys[0]
    assert len(stranger.get(KEYS).json()["results"]) == 1


def test_it_revokes(api: Api, alice: User) -> None:
    made = api.post(KEYS, {"name": "Laptop"}).json()
    other = Api(None)
    other.headers["Authorization"] = f"Bearer {made['key']}"

    assert api.delete(f"{KEYS}/{made['id']}").status_code == 204
    assert_refused(other.get("/api/v1/jobs"), 401, "invalid_api_key")
    assert_refused(api.delete(f"{KEYS}/{made['id']}"), 404, "not_found")


def test_e01_it_revokes_no_key_of_others(api: Api, bob: User, stranger: Api) -> None:
    foreign = ApiKey.objects.get(user=bob)

    assert_refused(api.delete(f"{KEYS}/{foreign.pk}"), 404, "not_found")
    assert_refused(api.delete(f"{KEYS}/{uuid4()}"), 404, "not_found")
    assert_refused(api.delete(f"{KEYS}/x"), 400, "invalid_id")
    assert stranger.get("/api/v1/jobs").status_code == 200


def test_n07_it_refuses_the_eleventh(api: Api) -> None:
    answers = [api.post(KEYS, {"name": f"key {number}"}) for number in range(10)]

    assert [answer.status_code for answer in answers[:9]] == [201] * 9
    assert_refused(answers[9], 409, "too_many_keys")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_parameter"),
        ({"name": ""}, "invalid_parameter"),
        ({"name": 5}, "invalid_parameter"),
        ({"name": "a\u0000b"}, "invalid_parameter"),
        ({"name": "x" * 101}, "invalid_parameter"),
        ({"name": "x", "scopes": []}, "invalid_parameter"),
        ({"name": "x", "scopes": "read"}, "invalid_parameter"),
        ({"name": "x", "scopes": ["root"]}, "invalid_parameter"),
        ({"name": "x", "scopes": [1]}, "invalid_parameter"),
        ({"name": "x", "expires_at": "soon"}, "invalid_parameter"),
        ({"name": "x", "expires_at": 5}, "invalid_parameter"),
        ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, "invalid_parameter"),
        ({"name": "x", "scope": ["read"]}, "unknown_parameter"),
        ({"name": "x", "uploads_per_minute": 0}, "invalid_parameter"),
        ({"name": "x", "uploads_per_minute": 1_000_001}, "invalid_parameter"),
        ({"name": "x", "uploads_per_minute": True}, "invalid_parameter"),
        ({"name": "x", "active_generations": "5"}, "invalid_parameter"),
        ({"name": "x", "active_generations": 2.5}, "invalid_parameter"),
    ],
    ids=str,
)
def test_it_refuses_a_bad_key(api: Api, body, code: str) -> None:
    assert_refused(api.post(KEYS, body), 400, code)
    assert ApiKey.objects.count() == 1


def test_a_key_makes_none_that_may_more_than_itself(alice: User) -> None:
    writer = Api(alice, scopes=("write",))

    assert_refused(writer.post(KEYS, {"name": "x", "scopes": ["read"]}), 403, "insufficient_scope")
    assert writer.post(KEYS, {"name": "x", "scopes": ["write"]}).status_code == 201


def test_n07_users_make_no_admin_keys(nobody: Api, alice: User) -> None:
    nobody.client.force_login(alice)

    assert_refused(nobody.post(KEYS, {"name": "x", "scopes": ["admin"]}), 400, "invalid_parameter")


def test_it_ends_when_it_should(api: Api, nobody: Api) -> None:
    soon = timezone.now() + timedelta(hours=1)
    made = api.post(KEYS, {"name": "x", "expires_at": soon.isoformat()}).json()
    nobody.headers["Authorization"] = f"Bearer {made['key']}"

    assert nobody.get("/api/v1/jobs").status_code == 200
    ApiKey.objects.filter(pk=made["id"]).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert_refused(nobody.get("/api/v1/jobs"), 401, "invalid_api_key")
