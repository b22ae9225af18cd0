"""POST /api/v1/upload and /api/v1/upload/image"""

from __future__ import annotations

import hashlib

import pytest

from accounts.models import User
from jobs.models import Generation, Job
from tests.api.client import Api, assert_nothing_kept, assert_refused
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/upload"


def test_it_works(api: Api, alice: User) -> None:
    picture = make_picture()

    response = api.upload(picture, make_picture(1))

    body = response.json()
    job = Job.objects.get()
    assert response.status_code == 200
    assert body["job_id"] == body["batch_id"] == str(job.pk)
    assert body["task_id"] == str(job.task_id) != body["job_id"]
    assert body["status"] == "queued"
    assert body["total_files"] == 2
    assert body["face_limit"] == 20_000
    assert body["engine"] == "local"
    assert body["message"] == "2 images accepted."
    assert body["estimate"]["amount"] == "0.00"
    assert body["estimate"]["currency"] == "USD"
    assert body["estimate"]["seconds"] > 0
    assert body["urls"]["self"] == f"http://testserver/api/v1/jobs/{job.pk}"
    assert body["urls"]["page"] == f"http://testserver/jobs/{job.pk}/"
    first = body["uploaded_files"][0]
    assert first["filename"] == "picture-0.png"
    assert first["file_size"] == len(picture)
    assert first["content_type"] == "image/png"
    assert (first["width"], first["height"]) == (96, 96)
    assert first["sha256"] == hashlib.sha256(picture).hexdigest()
    assert first["status"] == "uploaded"
    assert Generation.objects.get(pk=first["generation_id"]).job == job
    assert job.owner == alice


def test_it_works_with_a_slash(api: Api) -> None:
    assert api.send(f"{UPLOAD}/", ("files", "a.png", make_picture())).status_code == 200


def test_it_takes_one_file(api: Api) -> None:
    response = api.send(f"{UPLOAD}/image", ("file", "a.png", make_picture()))

    assert response.status_code == 200
    assert response.json()["message"] == "1 image accepted."


def test_it_refuses_two_files_for_one(api: Api) -> None:
    response = api.send(f"{UPLOAD}/image", ("file", "a.png", make_picture()), ("file", "b.png", make_picture(1)))

    assert_refused(response, 400, "invalid_parameter")


def test_it_takes_all_fields(api: Api) -> None:
    response = api.upload(
        make_picture(),
        engine="local",
        face_limit="5000",
        texture="none",
        seed="7",
        formats="stl,obj",
        options='{"mode": "whole_picture"}',
        fallback="local",
        name="Chairs",
    )

    job = Job.objects.get()
    assert response.json()["face_limit"] == 5000
    assert job.options == {"face_limit": 5000, "texture": "none", "seed": 7, "mode": "whole_picture"}
    assert job.formats == ["obj", "stl"]
    assert (job.fallback, job.name) == ("local", "Chairs")


def test_b18_the_same_file_twice_is_two_generations(api: Api) -> None:
    body = api.upload(make_picture(), make_picture()).json()

    first, second = body["uploaded_files"]
    assert first["file_id"] == second["file_id"]
    assert first["generation_id"] != second["generation_id"]
    assert Generation.objects.count() == 2


def test_it_makes_one_generation_of_views(api: Api) -> None:
    body = api.upload(make_picture(), make_picture(1), views="left,front").json()

    generation = Generation.objects.get()
    assert {entry["generation_id"] for entry in body["uploaded_files"]} == {str(generation.pk)}
    assert [entry.view for entry in generation.inputs.all()] == ["left", "front"]
    assert body["total_files"] == 2


@pytest.mark.parametrize("views", ["front", "front,front", "left,right", "front,behind"])
def test_it_refuses_wrong_views(api: Api, views: str) -> None:
    assert_refused(api.upload(make_picture(), make_picture(1), views=views), 400, "invalid_parameter")
    assert_nothing_kept()


def test_d11_it_uses_the_public_address(api: Api, settings) -> None:
    settings.PUBLIC_URL = "https://models.example.org"

    response = api.send(
        UPLOAD,
        ("files", "a.png", make_picture()),
        headers={"X-Forwarded-Host": "evil.com", "X-Forwarded-Proto": "http"},
    )

    assert response.json()["urls"]["self"].startswith("https://models.example.org/api/v1/jobs/")


@pytest.mark.django_db(transaction=True)
def test_it_says_when_the_queue_is_out_of_reach(api: Api, monkeypatch) -> None:
    monkeypatch.setattr("jobs.queue.ring", lambda queue: False)

    response = api.upload(make_picture())

    assert response.status_code == 200
    assert response.json()["status"] == "queued"
    assert "queue cannot be reached" in response["Warning"]
