"""POST /api/v1/admin/cleanup, /cleanup-job and DELETE /delete-job/{id}"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import User
from jobs import files
from jobs.models import Artifact, Job, SourceImage
from tests.api.client import Api, assert_refused
from tests.factories import finish_job, make_job

CLEANUP = "/api/v1/admin/cleanup"
pytestmark = pytest.mark.django_db(transaction=True)  # files go when the rows are gone for good


@pytest.fixture
def staff(bob: User) -> Api:
    bob.is_staff = True
    bob.save()
    return Api(bob, scopes=("admin",))


def make_old(job: Job, *, hours: int = 48) -> Job:
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(hours=hours))
    return job


def list_all() -> set[str]:
    return {*files.list_files(files.IMAGES), *files.list_files(files.ARTIFACTS)}


def test_it_works(staff: Api, alice: User) -> None:
    old, new = make_old(finish_job(make_job(alice))), finish_job(make_job(alice, first=1))
    before = list_all()
    size = sum(default_storage.size(path) for path in before)

    body = staff.post(CLEANUP, {"hours": 24, "dry_run": False}).json()

    after = list_all()
    assert body["jobs_removed"] == 1
    assert body["files_removed"] == len(before) - len(after) == 4  # picture, thumbnail, model, preview
    assert body["freed_space_mb"] == pytest.approx(
        (size - sum(default_storage.size(path) for path in after)) / 1024**2, abs=0.001
    )
    assert body["directories_removed"] == 2
    assert body["cleanup_hours"] == 24
    assert body["errors"] == []
    assert body["timestamp"].endswith("Z")
    assert not Job.objects.filter(pk=old.pk).exists()
    assert Job.objects.filter(pk=new.pk).exists()


def test_a_dry_run_foretells_and_removes_nothing(staff: Api, alice: User) -> None:
    make_old(finish_job(make_job(alice, pictures=2)))
    before = list_all()

    foretold = staff.post(CLEANUP, {"hours": 24, "dry_run": True}).json()
    assert list_all() == before
    assert Job.objects.count() == 1
    done = staff.post(CLEANUP, {"hours": 24}).json()

    for name in ("files_removed", "freed_space_mb", "directories_removed", "jobs_removed"):
        assert foretold[name] == done[name] > 0
    assert list_all() == set()


def test_what_runs_stays(staff: Api, alice: User) -> None:
    make_job(alice)
    Job.objects.update(created_at=timezone.now() - timedelta(days=30))

    assert staff.post(CLEANUP, {"hours": 1}).json()["jobs_removed"] == 0
    assert Job.objects.count() == 1


def test_a_picture_that_another_job_uses_stays(staff: Api, alice: User) -> None:
    make_old(finish_job(make_job(alice)))
    make_job(alice)

    foretold = staff.post(CLEANUP, {"hours": 24, "dry_run": True}).json()
    body = staff.post(CLEANUP, {"hours": 24}).json()

    assert foretold["files_removed"] == body["files_removed"] == 2
    assert SourceImage.objects.count() == 1


def test_orphans_and_broken_uploads_go(staff: Api, alice: User) -> None:
    files.write_file("artifacts/nobody/1/model.glb", b"x" * 2048)
    upload = Path(settings.FILE_UPLOAD_TEMP_DIR) / "broken.upload"
    upload.write_bytes(b"y" * 1024)
    fresh = Path(settings.FILE_UPLOAD_TEMP_DIR) / "fresh.upload"
    fresh.write_bytes(b"z")
    long_ago = (timezone.now() - timedelta(hours=30)).timestamp()
    for path in (Path(default_storage.path("artifacts/nobody/1/model.glb")), upload):
        os.utime(path, (long_ago, long_ago))

    body = staff.post(CLEANUP, {"hours": 24}).json()

    assert body["files_removed"] == 2
    assert body["freed_space_mb"] == pytest.approx(3 / 1024, abs=0.001)
    assert not upload.exists()
    assert fresh.exists()
    fresh.unlink()


def test_a_stored_picture_without_a_job_goes(staff: Api, alice: User) -> None:
    job = make_job(alice)
    image = SourceImage.objects.get()
    job.generations.get().inputs.all().delete()
    SourceImage.objects.update(created_at=timezone.now() - timedelta(hours=30))

    staff.post(CLEANUP, {"hours": 24})

    assert not SourceImage.objects.filter(pk=image.pk).exists()
    assert not default_storage.exists(image.path)


def test_what_is_left_for_another_call_is_told(staff: Api, alice: User, monkeypatch) -> None:
    monkeypatch.setattr("jobs.services.cleanup.MOST_JOBS", 1)
    for number in range(2):
        make_old(finish_job(make_job(alice, first=number)))

    body = staff.post(CLEANUP, {"hours": 24}).json()

    assert (body["jobs_removed"], body["jobs_remaining"]) == (1, 1)


@pytest.mark.parametrize(
    "body", [{}, {"hours": 0}, {"hours": -1}, {"hours": "24"}, {"hours": 1.5}, {"hours": True}, {"hours": 10**9},
             {"hours": 24, "dry_run": "yes"}],
)  # fmt: skip
def test_bad_values_are_refused(staff: Api, body: dict) -> None:
    assert_refused(staff.post(CLEANUP, body), 400, "invalid_parameter")


def test_unknown_fields_are_refused(staff: Api) -> None:
    assert_refused(staff.post(CLEANUP, {"hours": 1, "dry-run": True}), 400, "unknown_parameter")


@pytest.mark.parametrize("how", ["post", "delete"])
def test_one_job_of_anybodys_goes(staff: Api, alice: User, how: str) -> None:
    job = finish_job(make_job(alice))

    if how == "post":
        response = staff.post("/api/v1/admin/cleanup-job", {"job_id": str(job.pk)})
    else:
        response = staff.delete(f"/api/v1/admin/delete-job/{job.pk}")

    body = response.json()
    assert response.status_code == 200
    assert body["job_id"] == str(job.pk)
    assert body["files_removed"] == 4
    assert body["freed_space_mb"] > 0
    assert not Job.objects.exists()
    assert not Artifact.objects.exists()
    assert list_all() == set()


@pytest.mark.parametrize("job_id", [None, 7, "nonsense", ""])
def test_a_bad_id_is_refused(staff: Api, job_id) -> None:
    assert_refused(staff.post("/api/v1/admin/cleanup-job", {"job_id": job_id}), 400, "invalid_id")


def test_a_bad_id_in_the_address_is_refused(staff: Api) -> None:
    assert_refused(staff.delete("/api/v1/admin/delete-job/nonsense"), 400, "invalid_id")
