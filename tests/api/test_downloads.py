"""GET /api/v1/download/{job_id}/all, /api/v1/download/{job_id}/{filename} and /api/v1/images/{file_id}/…"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db.models.functions import Now

from accounts.models import User
from jobs.models import Artifact, Job
from jobs.services import request_formats, runs
from jobs.services.expiry import expire_old_jobs
from jobs.services.runs import Failure
from tests.api.client import Api, assert_refused
from tests.factories import claim, finish_job, make_job, make_picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(alice: User) -> Job:
    return finish_job(make_job(alice, pictures=2))


def address(job: Job, name: str = "picture-0.glb") -> str:
    return f"/api/v1/download/{job.pk}/{quote(name)}"


def read_model(job: Job) -> bytes:
    with default_storage.open(Artifact.objects.get(generation__job=job, filename="picture-0.glb").path) as file:
        return file.read()


def test_it_works(api: Api, job: Job) -> None:
    model = read_model(job)

    response = api.get(address(job))

    assert b"".join(response) == model
    assert response["Content-Type"] == "model/gltf-binary"
    assert response["Content-Length"] == str(len(model))
    assert response["Content-Disposition"] == 'attachment; filename="picture-0.glb"'
    assert response["ETag"] == f'"{hashlib.sha256(model).hexdigest()}"'
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox"
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("accept", ["*/*", "model/gltf-binary", "image/webp,*/*;q=0.8", "text/html"])
def test_it_works_whatever_is_accepted(api: Api, job: Job, accept: str) -> None:
    assert api.get(address(job), headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.png",
        "stühle ☃.png",
        'a"b\\c.png',
        "-rf.png",
        "$(id).png",
        "photo\u202egpj.exe",
        "x" * 300 + ".png",
    ],
)
def test_l01_hostile_names_are_harmless(api: Api, alice: User, name: str) -> None:
    job = finish_job(make_job(alice, names=[name]))
    (entry,) = api.get(f"/api/v1/download/{job.pk}/all").json()["files"]

    response = api.get(entry["model_url"])

    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment; filename")
    assert "\u202e" not in response["Content-Disposition"]
    assert response["Content-Security-Policy"] == "sandbox"


def test_l05_head_tells_the_size(api: Api, job: Job) -> None:
    response = api.call("HEAD", address(job))

    assert response.status_code == 200
    assert response["Content-Length"] == str(len(read_model(job)))
    assert response.content == b""


def test_l05_an_unchanged_file_is_not_sent_again(api: Api, job: Job) -> None:
    etag = api.get(address(job))["ETag"]

    for header in (etag, f'"other", {etag}', "*", f"W/{etag}"):
        response = api.get(address(job), headers={"If-None-Match": header})
        assert response.status_code == 304, header
        assert response["ETag"] == etag
    assert api.get(address(job), headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=100-", 100, None), ("bytes=-4", -4, None),
     ("bytes=5-999999999", 5, None)],
)  # fmt: skip
def test_l05_it_sends_a_range(api: Api, job: Job, header: str, start: int, stop: int | None) -> None:
    model = read_model(job)

    response = api.get(address(job), headers={"Range": header})

    part = b"".join(response)
    assert response.status_code == 206
    assert part == model[start:stop]
    first = start % len(model)
    assert response["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(model)}"
    assert response["Content-Length"] == str(len(part))


@pytest.mark.parametrize("header", ["bytes=999999999-", "bytes=-0"])
def test_l05_it_refuses_a_range_beyond_the_end(api: Api, job: Job, header: str) -> None:
    response = api.get(address(job), headers={"Range": header})

    assert_refused(response, 416, "range_not_satisfiable")
    assert response["Content-Range"] == f"bytes */{len(read_model(job))}"


@pytest.mark.parametrize("header", ["bytes=0-1,4-5", "bytes=-", "bytes=5-1", "lines=1-2", "bytes=a-b"])
def test_other_ranges_are_answered_by_the_whole(api: Api, job: Job, header: str) -> None:
    response = api.get(address(job), headers={"Range": header})

    assert response.status_code == 200
    assert b"".join(response) == read_model(job)


def test_a_range_of_another_version_is_answered_by_the_whole(api: Api, job: Job) -> None:
    assert api.get(address(job), headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200
    etag = api.get(address(job))["ETag"]
    assert api.get(address(job), headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206


def test_e01_e03_files_of_others_are_not_there(api: Api, stranger: Api, job: Job, bob: User) -> None:
    foreign = finish_job(make_job(bob, names=["theirs.png"]))

    assert_refused(stranger.get(address(job)), 404, "not_found")
    assert_refused(api.get(address(foreign, "theirs.glb")), 404, "not_found")
    assert_refused(api.get(address(job, "theirs.glb")), 404, "not_found")
    assert_refused(api.get(f"/api/v1/download/{foreign.pk}/all"), 404, "not_found")
    assert_refused(api.get(f"/api/v1/download/{uuid4()}/picture-0.glb"), 404, "not_found")
    assert_refused(api.get("/api/v1/download/x/picture-0.glb"), 400, "invalid_id")


def test_e03_a_file_is_found_under_its_own_job_only(api: Api, alice: User, job: Job) -> None:
    other = finish_job(make_job(alice, first=7))

    assert_refused(api.get(address(job, "picture-7.glb")), 404, "not_found")
    assert api.get(address(other, "picture-7.glb")).status_code == 200


@pytest.mark.parametrize("name", ["nothing.glb", "picture-0.exe", "../picture-0.glb", "picture-0.stl"])
def test_it_finds_no_other_files(api: Api, job: Job, name: str) -> None:
    assert_refused(api.get(address(job, name)), 404, "not_found")


def test_e05_a_failed_generation_has_no_files(api: Api, alice: User) -> None:
    job = make_job(alice)
    assert_refused(api.get(address(job)), 409, "generation_not_finished")

    runs.fail_generation(claim(job), failure=Failure(code="no_object", message="No object."))

    body = assert_refused(api.get(address(job)), 409, "generation_failed")
    assert body["details"]["item_error_code"] == "no_object"


def test_a_format_that_is_being_made_is_not_finished(api: Api, job: Job) -> None:
    request_formats(job.generations.first(), formats=["stl"])

    assert_refused(api.get(address(job, "picture-0.stl")), 409, "generation_not_finished")


def test_e07_a_file_that_is_gone_is_said_as_such(api: Api, job: Job) -> None:
    default_storage.delete(Artifact.objects.get(generation__job=job, filename="picture-0.glb").path)

    response = api.get(address(job))

    body = assert_refused(response, 503, "file_unavailable")
    assert response["Retry-After"]
    assert "artifacts" not in str(body)


def test_it_lists_all(api: Api, job: Job) -> None:
    body = api.get(f"/api/v1/download/{job.pk}/all").json()

    assert body["job_id"] == str(job.pk)
    assert body["total_files"] == 2
    first = body["files"][0]
    assert first["filename"] == "picture-0.glb"
    assert first["size"] == first["file_size"] == len(read_model(job))
    assert (first["mime_type"], first["format"]) == ("model/gltf-binary", "glb")
    assert first["rendered_image"]["url"].startswith("http://testserver/api/v1/download/")
    assert body["download_urls"] == [entry["model_url"] for entry in body["files"]]


def test_it_lists_nothing_before_anything_is_finished(api: Api, alice: User) -> None:
    assert api.get(f"/api/v1/download/{make_job(alice).pk}/all").json()["files"] == []


def test_a_source_picture_comes_back_as_it_was_sent(api: Api, stranger: Api, job: Job) -> None:
    image_id = job.generations.first().inputs.get().image_id

    response = api.get(f"/api/v1/images/{image_id}/original")

    assert b"".join(response) == make_picture(0)
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == 'attachment; filename="picture-0.png"'
    assert_refused(stranger.get(f"/api/v1/images/{image_id}/original"), 404, "not_found")


def test_a_thumbnail_is_shown(api: Api, stranger: Api, job: Job) -> None:
    image_id = job.generations.first().inputs.get().image_id

    response = api.get(f"/api/v1/images/{image_id}/thumbnail")

    assert b"".join(response)[8:12] == b"WEBP"
    assert response["Content-Type"] == "image/webp"
    assert response["Content-Disposition"].startswith("inline")
    assert response["Content-Security-Policy"] == "sandbox"
    assert_refused(stranger.get(f"/api/v1/images/{image_id}/thumbnail"), 404, "not_found")
    assert_refused(api.get("/api/v1/images/x/thumbnail"), 400, "invalid_id")


@pytest.mark.parametrize("path", ["download/{}/picture-0.glb", "download/{}/picture-9.glb", "jobs/{}/download.zip"])
def test_what_the_retention_removed_is_told(api: Api, stranger: Api, job: Job, settings, path: str) -> None:
    settings.RETENTION_DAYS = 7
    Job.objects.filter(pk=job.pk).update(finished_at=Now() - timedelta(days=8))
    assert expire_old_jobs() == 1

    place = f"/api/v1/{path.format(job.pk)}"
    assert_refused(api.get(place), 410, "file_expired")
    assert_refused(stranger.get(place), 404, "not_found")
    assert_refused(api.get(f"/api/v1/jobs/{job.pk}"), 404, "not_found")


def test_what_somebody_deleted_never_was(api: Api, job: Job) -> None:
    assert api.delete(f"/api/v1/jobs/{job.pk}").status_code == 204
    assert_refused(api.get(address(job)), 404, "not_found")
