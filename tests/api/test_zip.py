"""GET /api/v1/jobs/{id}/download.zip"""

from __future__ import annotations

import io
import json
import subprocess
import zipfile

import pytest
from django.core.files.storage import default_storage

from accounts.models import User
from jobs.models import Artifact, Job
from jobs.services import runs
from jobs.services.runs import Failure
from tests.api.client import Api, assert_refused
from tests.factories import claim, finish_job, make_artifact, make_job

pytestmark = pytest.mark.django_db


def fetch(api: Api, job: Job) -> zipfile.ZipFile:
    response = api.get(f"/api/v1/jobs/{job.pk}/download.zip")
    assert response.status_code == 200
    return zipfile.ZipFile(io.BytesIO(b"".join(response)))


def test_it_works(api: Api, alice: User, tmp_path) -> None:
    job = finish_job(make_job(alice, names=["chair.png", "Chair.png", "stühle ☃.png"]))

    response = api.get(f"/api/v1/jobs/{job.pk}/download.zip")

    data = b"".join(response)
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert response["X-Items-Missing"] == "0"
    assert response["Cache-Control"] == "private, no-store"
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[0] == "manifest.json"
    assert len({name.casefold() for name in names}) == 4
    for artifact in Artifact.objects.filter(role="model"):
        with default_storage.open(artifact.path) as file:
            assert archive.read(artifact.filename) == file.read()
    manifest = json.loads(archive.read("manifest.json"))
    assert [entry["source"] for entry in manifest["models"]] == ["chair.png", "Chair.png", "stühle ☃.png"]
    (tmp_path / "all.zip").write_bytes(data)
    subprocess.run(["unzip", "-tq", tmp_path / "all.zip"], check=True, capture_output=True)


@pytest.mark.parametrize("name", ["../../etc/passwd.png", "..\\..\\x.png", "/etc/x.png", "C:\\x.png"])
def test_l02_its_names_lead_nowhere(api: Api, alice: User, name: str) -> None:
    archive = fetch(api, finish_job(make_job(alice, names=[name])))

    assert not [entry for entry in archive.namelist() if "/" in entry or "\\" in entry or ".." in entry]


def test_l03_what_is_not_finished_is_missing(api: Api, alice: User) -> None:
    job = make_job(alice, pictures=3)
    done, failed = claim(job), claim(job)
    runs.complete_generation(done, artifacts=[make_artifact(done)])
    runs.fail_generation(failed, failure=Failure(code="no_object", message="No object."))

    response = api.get(f"/api/v1/jobs/{job.pk}/download.zip/")

    archive = zipfile.ZipFile(io.BytesIO(b"".join(response)))
    assert response["X-Items-Missing"] == "2"
    assert archive.namelist() == ["manifest.json", "picture-0.glb"]
    missing = json.loads(archive.read("manifest.json"))["missing"]
    assert [(entry["source"], entry["status"]) for entry in missing] == [
        ("picture-1.png", "failed"),
        ("picture-2.png", "queued"),
    ]


def test_a_file_that_is_gone_is_missing(api: Api, alice: User) -> None:
    job = finish_job(make_job(alice, pictures=2))
    default_storage.delete(Artifact.objects.get(filename="picture-0.glb").path)

    assert fetch(api, job).namelist() == ["manifest.json", "picture-1.glb"]


def test_it_refuses_when_nothing_is_there(api: Api, alice: User) -> None:
    job = make_job(alice)
    address = f"/api/v1/jobs/{job.pk}/download.zip"
    assert_refused(api.get(address), 409, "generation_not_finished")

    runs.fail_generation(claim(job), failure=Failure(code="no_object", message="No object."))
    assert_refused(api.get(address), 409, "generation_failed")


def test_it_is_written_piece_by_piece(api: Api, alice: User) -> None:
    job = finish_job(make_job(alice))
    artifact = Artifact.objects.get(role="model")
    default_storage.delete(artifact.path)
    default_storage.save(artifact.path, io.BytesIO(bytes(3_000_000)))  # type: ignore[arg-type]
    Artifact.objects.filter(pk=artifact.pk).update(size=3_000_000)

    pieces = [len(piece) for piece in api.get(f"/api/v1/jobs/{job.pk}/download.zip")]

    assert sum(pieces) > 3_000_000
    assert max(pieces) < 70_000
