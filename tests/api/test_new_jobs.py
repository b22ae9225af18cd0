"""POST /api/v1/jobs"""

from __future__ import annotations

import pytest

from jobs.models import Job
from tests.api.client import Api, assert_refused
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UNKNOWN = "00000000-0000-4000-8000-000000000000"

JOBS = "/api/v1/jobs"


def store(api: Api, number: int = 1) -> list[str]:
    response = api.send("/api/v1/images", *[("files", f"p{n}.png", make_picture(n)) for n in range(number)])
    return [image["file_id"] for image in response.json()["images"]]


def test_it_works(api: Api) -> None:
    first, second = store(api, 2)

    response = api.post(JOBS, {"images": [first, second, first], "face_limit": 3000, "name": "Again"})

    body = response.json()
    assert response.status_code == 201
    assert response["Location"] == body["urls"]["self"]
    assert body["counts"]["total"] == 3
    assert body["name"] == "Again"
    assert [row["image"]["file_id"] for row in body["generations"]] == [first, second, first]
    assert body["options"]["face_limit"] == 3000
    assert api.get(response["Location"]).status_code == 200


def test_it_makes_generations_of_items(api: Api) -> None:
    front, left = store(api, 2)
    items = [{"views": {"front": front, "left": left}, "face_limit": 4000}, {"views": {"front": left}}]

    body = api.post(JOBS, {"items": items, "texture": "none", "formats": ["stl"], "options": {"mode": "object"}}).json()

    first, second = body["generations"]
    assert [image["view"] for image in first["images"]] == ["front", "left"]
    assert first["options"] == {"face_limit": 4000, "texture": "none", "mode": "object"}
    assert second["options"]["face_limit"] == 20_000
    assert body["formats"] == ["glb", "stl"]


def test_it_makes_one_generation_of_views(api: Api) -> None:
    body = api.post(JOBS, {"images": store(api, 2), "views": ["front", "back"]}).json()

    assert [image["view"] for image in body["generations"][0]["images"]] == ["front", "back"]
    assert body["counts"]["total"] == 1


def test_it_answers_the_same_job_again(api: Api) -> None:
    body = {"images": store(api)}

    first = api.post(JOBS, body, headers={"Idempotency-Key": "k"})
    again = api.post(JOBS, body, headers={"Idempotency-Key": "k"})
    other = api.post(JOBS, {**body, "seed": 1}, headers={"Idempotency-Key": "k"})

    assert first.json()["id"] == again.json()["id"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert_refused(other, 409, "idempotency_key_reused")
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_parameter"),
        ({"images": []}, 400, "no_files"),
        ({"images": "x"}, 400, "invalid_parameter"),
        ({"images": [1]}, 400, "invalid_id"),
        ({"images": ["not-an-id"]}, 400, "invalid_id"),
        ({"images": [UNKNOWN]}, 404, "not_found"),
        ({"images": [UNKNOWN] * 26}, 400, "too_many_files"),
        ({"images": [], "items": []}, 400, "invalid_parameter"),
        ({"items": [1]}, 400, "invalid_parameter"),
        ({"items": [{}]}, 400, "invalid_parameter"),
        ({"items": [{"views": {}}]}, 400, "invalid_parameter"),
        ({"items": [{"views": {"front": "x"}}]}, 400, "invalid_id"),
        ({"items": [{"views": {}, "facelimit": 5}]}, 400, "unknown_parameter"),
        ({"items": [], "views": ["front"]}, 400, "invalid_parameter"),
        ({"images": [], "facelimit": 5}, 400, "unknown_parameter"),
        ({"images": [], "face_limit": 5}, 400, "invalid_parameter"),
        ({"images": [], "face_limit": True}, 400, "invalid_parameter"),
        ({"images": [], "engine": 5}, 400, "invalid_parameter"),
        ({"images": [], "formats": {"stl": 1}}, 400, "invalid_parameter"),
        ({"images": [], "name": "a\nb"}, 400, "invalid_parameter"),
    ],
    ids=str,
)
def test_it_refuses_a_bad_job(api: Api, body, status: int, code: str) -> None:
    assert_refused(api.post(JOBS, body), status, code)
    assert not Job.objects.exists()


def test_it_refuses_pictures_of_others_as_unknown_ones(api: Api, stranger: Api) -> None:
    foreign = store(stranger)

    body = assert_refused(api.post(JOBS, {"images": foreign}), 404, "not_found")

    assert body["message"] == f"There is no stored picture {foreign[0]}."


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"images": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"seed": NaN}',
        b'{"seed": Infinity}',
        b'{"images": [',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'["images"]',
        b"5",
        b"null",
    ],
    ids=["brackets", "deep", "NaN", "Infinity", "truncated", "no UTF-8", "surrogate", "array", "number", "null"],
)
def test_f04_it_refuses_malformed_json(api: Api, data: bytes) -> None:
    response = api.call("POST", JOBS, data=data, content_type="application/json")

    assert_refused(response, 400, "malformed_json")


def test_it_refuses_a_large_body(api: Api) -> None:
    data = b'{"name": "' + b"x" * 2_700_000 + b'"}'

    assert_refused(api.call("POST", JOBS, data=data, content_type="application/json"), 413, "request_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_it_refuses_other_content_types(api: Api, kind: str) -> None:
    response = api.call("POST", JOBS, data=b"images=1", CONTENT_TYPE=kind)

    assert_refused(response, 415, "unsupported_media_type")
