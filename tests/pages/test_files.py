"""The files that pages show and give away: artifacts, previews, pictures, thumbnails, zips."""

from __future__ import annotations

import io
import zipfile
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage

from jobs.models import Artifact, Generation
from tests.factories import finish_job, make_job, make_picture
from tests.models import make_box_glb
from tests.pages.answers import leads_to_login, read_messages


@pytest.fixture
def generation(alice) -> Generation:
    return finish_job(make_job(alice, names=["mug.png"])).generations.get()


@pytest.fixture
def model(generation) -> Artifact:
    return generation.artifacts.get(role="model")


def read_body(response) -> bytes:
    return b"".join(response.streaming_content)


def list_addresses(generation: Generation) -> list[str]:
    image = generation.inputs.get().image_id
    model = generation.artifacts.get(role="model")
    return [
        f"/artifacts/{model.pk}/",
        f"/generations/{generation.pk}/preview/",
        f"/generations/{generation.pk}/zip/",
        f"/jobs/{generation.job_id}/zip/",
        f"/pictures/{image}/",
        f"/pictures/{image}/thumbnail/",
    ]


def test_it_works(as_alice, model):
    response = as_alice.get(f"/artifacts/{model.pk}/")
    assert read_body(response) == make_box_glb()
    assert response["Content-Type"] == "model/gltf-binary"
    assert response["Content-Disposition"].startswith("inline")
    assert response["Cache-Control"].startswith("private")
    assert response["X-Content-Type-Options"] == "nosniff"


def test_as_a_download_under_its_own_name(as_alice, model):
    response = as_alice.get(f"/artifacts/{model.pk}/?download")
    assert read_body(response) == make_box_glb()
    assert response["Content-Disposition"] == 'attachment; filename="mug.glb"'


def test_the_preview_of_a_generation(as_alice, generation):
    response = as_alice.get(f"/generations/{generation.pk}/preview/")
    assert response["Content-Type"] == "image/webp"
    assert read_body(response) == b"picture"


def test_a_preview_that_is_not_there_yet(as_alice, alice):
    assert as_alice.get(f"/generations/{make_job(alice).generations.get().pk}/preview/").status_code == 404


def test_the_picture_and_its_thumbnail(as_alice, generation):
    image = generation.inputs.get().image
    assert read_body(as_alice.get(f"/pictures/{image.pk}/")) == make_picture(0)
    thumbnail = as_alice.get(f"/pictures/{image.pk}/thumbnail/")
    assert thumbnail["Content-Type"] == "image/webp"
    assert read_body(thumbnail)[8:12] == b"WEBP"


@pytest.mark.parametrize("whose", ["generations", "jobs"])
def test_zips(as_alice, generation, whose):
    pk = generation.pk if whose == "generations" else generation.job_id
    packed = zipfile.ZipFile(io.BytesIO(read_body(as_alice.get(f"/{whose}/{pk}/zip/"))))
    assert "mug.glb" in packed.namelist()


def test_a_zip_of_nothing_is_explained(as_alice, alice):
    job = make_job(alice)
    response = as_alice.get(f"/jobs/{job.pk}/zip/")
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert "No model is finished yet." in read_messages(response)


def test_a_lost_file_is_said_and_not_kept(as_alice, model):
    default_storage.delete(model.path)
    response = as_alice.get(f"/artifacts/{model.pk}/")
    assert response.status_code == 503
    assert "max-age" not in response.get("Cache-Control", "")


def test_a_stranger_finds_nothing(as_bob, generation):
    for address in list_addresses(generation):
        assert as_bob.get(address).status_code == 404, address


def test_a_visitor_is_sent_to_the_login(as_nobody, generation):
    for address in list_addresses(generation):
        assert leads_to_login(as_nobody.get(address)), address


def test_an_unknown_file(as_alice):
    assert as_alice.get(f"/artifacts/{uuid4()}/").status_code == 404
