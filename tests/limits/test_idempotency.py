"""``Idempotency-Key`` on every call that makes work: the same request twice does nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs.models import Generation, IdempotencyKey, Job, SourceImage
from jobs.services import delete_job
from tests.api.client import Api, assert_refused
from tests.factories import make_job, make_picture

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "k-1"}


def send_upload(api: Api, number: int, **headers: str):
    return api.send("/api/v1/upload", ("files", "a.png", make_picture(number)), headers=headers)


def send_upload_image(api: Api, number: int, **headers: str):
    return api.send("/api/v1/upload/image", ("file", "a.png", make_picture(number)), headers=headers)


def send_images(api: Api, number: int, **headers: str):
    return api.send("/api/v1/images", ("files", "a.png", make_picture(number)), headers=headers)


def send_job(api: Api, number: int, **headers: str):
    return api.post("/api/v1/jobs", {"images": [find_picture()], "seed": number}, headers=headers)


def send_generate(api: Api, number: int, **headers: str):
    return api.post("/api/v1/models/generate", {"file_id": find_picture(), "face_limit": 20_000 + number},
                    headers=headers)  # fmt: skip


def find_picture() -> str:
    return str(SourceImage.objects.earliest("created_at").pk)


CALLS = [send_upload, send_upload_image, send_images, send_job, send_generate]
every_call = pytest.mark.parametrize("send", CALLS, ids=lambda send: send.__name__.removeprefix("send_"))


@pytest.fixture(autouse=True)
def _stored_picture(alice):
    make_job(alice, first=90)


def count_all() -> tuple[int, int, int]:
    return Job.objects.count(), Generation.objects.count(), SourceImage.objects.count()


@every_call
def test_it_works(api, send):
    """Also for a caller who never heard the first answer."""
    first = send(api, 1, **KEY)
    made = count_all()

    again = send(api, 1, **KEY)

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert first.status_code in (200, 201)
    assert count_all() == made


@every_call
def test_f08_another_body_is_refused(api, send):
    send(api, 1, **KEY)
    made = count_all()

    assert_refused(send(api, 2, **KEY), 409, "idempotency_key_reused")
    assert count_all() == made


@every_call
def test_another_call_is_another_body(api, send):
    others = [other for other in CALLS if {send, other} != {send_upload, send_upload_image} and other != send]
    send(api, 1, **KEY)

    for other in others:
        assert_refused(other(api, 1, **KEY), 409, "idempotency_key_reused")


@every_call
@pytest.mark.parametrize("key", ["", "a" * 256, "a\x01b", "a\x7fb", "a\tb", "ключ", "\xe9"])
def test_f10_what_is_no_key_is_refused(api, send, key):
    made = count_all()

    assert_refused(send(api, 1, **{"Idempotency-Key": key}), 400, "invalid_idempotency_key")
    assert count_all() == made


@every_call
def test_a_key_of_255_characters_is_one(api, send):
    assert send(api, 1, **{"Idempotency-Key": "a b" * 85}).status_code in (200, 201)


@every_call
def test_it_is_forgotten_after_a_day(api, send):
    send(api, 1, **KEY)
    IdempotencyKey.objects.update(created_at=Now() - timedelta(hours=24, seconds=1))

    assert send(api, 2, **KEY).status_code in (200, 201)
    assert send(api, 2, **KEY).status_code in (200, 201)
    assert IdempotencyKey.objects.count() == 1


@every_call
def test_it_is_known_until_then(api, send):
    send(api, 1, **KEY)
    IdempotencyKey.objects.update(created_at=Now() - timedelta(hours=23, minutes=59))

    assert_refused(send(api, 2, **KEY), 409, "idempotency_key_reused")


@every_call
def test_it_belongs_to_one_user(api, stranger, bob, send):
    send(api, 1, **KEY)
    SourceImage.objects.exclude(owner=bob).update(created_at=Now())
    theirs = make_job(bob, first=91)
    SourceImage.objects.filter(owner=bob).update(created_at=Now() - timedelta(days=1))

    response = send(stranger, 2, **KEY)

    assert response.status_code in (200, 201)
    assert theirs.owner == bob


@pytest.mark.parametrize(("path", "field"), [("/api/v1/upload", "files"), ("/api/v1/images", "files")])
def test_f12_what_was_refused_is_not_remembered(api, path, field):
    assert_refused(api.send(path, (field, "a.png", b"no picture"), headers=KEY), 400, "unsupported_file_type")

    assert api.send(path, (field, "a.png", make_picture(1)), headers=KEY).status_code in (200, 201)


def test_f12_also_of_jobs_of_stored_pictures(api):
    assert_refused(api.post("/api/v1/jobs", {"images": [find_picture()], "seed": -5}, headers=KEY), 400,
                   "invalid_parameter")  # fmt: skip

    assert send_job(api, 1, **KEY).status_code == 201


def test_a_limit_that_refused_is_not_remembered(api, settings):
    settings.MAX_ACTIVE_GENERATIONS = 1
    assert_refused(send_job(api, 1, **KEY), 429, "too_many_active_generations")
    settings.MAX_ACTIVE_GENERATIONS = 5

    assert send_job(api, 1, **KEY).status_code == 201


def test_a_repeated_request_comes_through_where_a_new_one_would_not(api, settings):
    first = send_upload(api, 1, **KEY)
    settings.MAX_ACTIVE_GENERATIONS = settings.MAX_QUEUED_GENERATIONS = settings.STORAGE_MB_PER_USER = 0

    assert send_upload(api, 1, **KEY).json()["job_id"] == first.json()["job_id"]


def test_a_deleted_job_is_made_anew(api):
    first = send_upload(api, 1, **KEY).json()["job_id"]
    delete_job(Job.objects.get(pk=first), actor="")

    assert send_upload(api, 1, **KEY).json()["job_id"] != first


def test_without_a_key_every_request_is_new(api):
    assert send_upload(api, 1).json()["job_id"] != send_upload(api, 1).json()["job_id"]


def test_retry_needs_no_key(api, alice):
    """Only what failed or was cancelled runs again: a repeated call finds the job running and says so."""
    job = make_job(alice)
    api.post(f"/api/v1/jobs/{job.pk}/cancel")
    assert api.post(f"/api/v1/jobs/{job.pk}/retry").json()["status"] == "queued"

    assert_refused(api.post(f"/api/v1/jobs/{job.pk}/retry"), 409, "job_active")
    assert Job.objects.get(pk=job.pk).run == 2
