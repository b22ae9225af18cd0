"""Do the files live in S3 as they do on the disk? Against a real S3-speaking server, also when it refuses or hangs."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage, storages
from django.test import Client

from accounts.models import User
from accounts.services import create_api_key
from image2model.connections import storage_from_url
from image2model.object_storage import ObjectStorage
from image2model.storage import StorageUnavailable
from jobs import files
from jobs.models import Artifact, SourceImage
from jobs.services.check import delete_orphans, find_faults
from tests.factories import finish_job, make_job, make_picture
from tests.production.s3 import ObjectStore, run_object_store

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

NOW = timedelta(seconds=-60)  # no grace: everything is old enough


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with run_object_store() as running:
        yield running


@pytest.fixture(autouse=True)
def _in_s3(store: ObjectStore, settings) -> Iterator[None]:
    store.heal()
    store.empty()
    settings.STORAGES = {**settings.STORAGES, "default": storage_from_url(store.url, default=Path("unused"))}
    yield
    store.heal()


@pytest.fixture
def api(alice: User) -> Client:
    _, key = create_api_key(alice, name="tests", scopes=("read", "write"))
    return Client(headers={"Authorization": f"Bearer {key}"})


def test_it_works(store: ObjectStore):
    assert isinstance(storages["default"], ObjectStorage)
    files.write_file("images/1/a.png", b"bytes")
    assert files.read_file("images/1/a.png") == b"bytes"
    assert list(files.list_files("images")) == ["images/1/a.png"] == store.keys()
    files.delete_file("images/1/a.png")
    files.delete_file("images/1/a.png")  # gone is gone
    assert store.keys() == []


def test_the_same_name_is_replaced(store: ObjectStore):
    files.write_file("a/b", b"old")
    files.write_file("a/b", b"new")
    assert (store.keys(), files.read_file("a/b")) == (["a/b"], b"new")


def upload(api: Client, number: int = 1):
    picture = io.BytesIO(make_picture(number))
    picture.name = f"chair-{number}.png"
    return api.post("/api/v1/upload", {"files": picture})


def read(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_an_upload_is_kept_and_given_back(api: Client, store: ObjectStore):
    answer = upload(api)
    assert answer.status_code == 200, answer.content
    image = SourceImage.objects.get()
    assert store.keys() == sorted([image.path, image.thumbnail_path])
    assert hashlib.sha256(files.read_file(image.path)).hexdigest() == image.sha256


def test_a_model_comes_whole_and_in_parts(alice: User, api: Client, store: ObjectStore):
    finish_job(make_job(alice))
    artifact = Artifact.objects.filter(role="model").get()
    address = f"/api/v1/download/{artifact.generation.job_id}/{artifact.filename}"
    whole = read(api.get(address))
    assert hashlib.sha256(whole).hexdigest() == artifact.sha256
    store.asked.clear()
    part = api.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, read(part)) == (206, whole[100:200])
    assert ("GET", "bytes=100-") in store.asked  # what is before is not fetched
    assert "X-Accel-Redirect" not in part.headers


def test_a_zip_holds_the_models(alice: User, api: Client):
    job = finish_job(make_job(alice, pictures=3))
    data = read(api.get(f"/api/v1/jobs/{job.pk}/download.zip"))
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    assert len(archive.namelist()) == 4


def test_deleting_a_job_empties_the_bucket(alice: User, api: Client, store: ObjectStore):
    job = finish_job(make_job(alice, pictures=2))
    assert store.keys()
    assert api.delete(f"/api/v1/jobs/{job.pk}").status_code == 204
    assert store.keys() == []


def test_orphans_and_faults_are_found(alice: User, store: ObjectStore):
    finish_job(make_job(alice))
    files.write_file("artifacts/nobody/1/model.glb", b"lost")
    assert list(find_faults(grace=NOW)) == ["orphan file artifacts/nobody/1/model.glb"]
    assert delete_orphans(grace=NOW) == 1
    path = Artifact.objects.filter(role="model").get().path
    files.write_file(path, b"changed")
    assert list(find_faults(grace=NOW)) == [f"changed file {path}"]
    files.delete_file(path)
    assert list(find_faults(grace=NOW)) == [f"missing file {path}"]


def test_a_large_file_is_read_piece_by_piece_and_from_any_place(store: ObjectStore):
    data = bytes(range(256)) * 50_000
    files.write_file("big", data)
    store.asked.clear()
    with default_storage.open("big") as file:
        assert file.size == len(data)
        file.seek(-10, io.SEEK_END)
        assert file.read() == data[-10:]
        file.seek(5_000_000)
        assert (file.read(10), file.tell()) == (data[5_000_000:5_000_010], 5_000_010)
        file.seek(0)
        assert file.read() == data
    assert next(range_ for method, range_ in store.asked if method == "GET") == f"bytes={len(data) - 10}-"


def test_a_body_that_breaks_off_is_asked_for_again(store: ObjectStore):
    data = bytes(range(256)) * 4_000
    files.write_file("big", data)
    store.cut_after = 300_000
    assert files.read_file("big") == data


def test_two_faults_of_the_server_are_nothing(store: ObjectStore):
    store.refusals = [500, 503]
    files.write_file("a", b"bytes")
    store.refusals = [503, 500]
    assert files.read_file("a") == b"bytes"


def test_an_answer_that_is_lost_leaves_one_object(store: ObjectStore):
    store.lose_answers = 1
    files.write_file("a", b"bytes")
    assert (store.keys(), files.read_file("a")) == (["a"], b"bytes")


@pytest.mark.parametrize("status", [403, 500])
def test_a_storage_that_refuses_keeps_nothing_and_says_so(api: Client, store: ObjectStore, status):
    store.refuses = status
    answer = upload(api)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "file_unavailable")
    assert answer.headers["Retry-After"] == "60"
    assert not SourceImage.objects.exists()
    store.heal()
    assert (store.keys(), upload(api).status_code) == ([], 200)


@pytest.mark.parametrize("status", [403, 500])
def test_a_file_that_is_refused_is_unavailable_and_not_missing(alice: User, api: Client, store: ObjectStore, status):
    finish_job(make_job(alice))
    artifact = Artifact.objects.filter(role="model").get()
    address = f"/api/v1/download/{artifact.generation.job_id}/{artifact.filename}"
    store.refuses = status
    answer = api.get(address)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "file_unavailable")
    with pytest.raises(StorageUnavailable):
        default_storage.exists(artifact.path)
    store.heal()
    assert api.get(address).status_code == 200


def test_a_storage_that_hangs_is_given_up(store: ObjectStore, monkeypatch):
    """In the product after 15 seconds of silence; here after a fraction."""
    from botocore.config import Config

    storage = ObjectStorage(**storage_from_url(store.url, default=Path("unused"))["OPTIONS"])
    quick = Config(read_timeout=0.2, retries={"total_max_attempts": 1})
    storage.client_config = storage.client_config.merge(quick)
    store.pause = 1.0
    with pytest.raises(StorageUnavailable, match="does not answer"):
        storage.size("a")


def test_a_slow_storage_is_waited_for(api: Client, store: ObjectStore):
    store.pause = 0.3
    assert upload(api, number=2).status_code == 200


def test_the_health_check_tells(api: Client, store: ObjectStore):
    store.refuses = 403
    answer = api.get("/api/v1/health/readiness")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    store.heal()
    assert api.get("/api/v1/health/readiness").status_code == 200
