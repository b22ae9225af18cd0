"""``/generations/<id>/again/`` and ``/jobs/<id>/again/``: stored pictures with other options, nothing uploaded."""

from __future__ import annotations

from uuid import uuid4

import pytest

from jobs.models import Job, SourceImage
from tests.factories import make_job
from tests.pages.answers import leads_to_login, read

FORM = {"engine": "local", "face_limit": "9000", "texture": "hd"}


@pytest.fixture
def job(alice) -> Job:
    return make_job(alice, names=["mug.png", "vase.png"], formats=["stl"])


def test_it_works(as_alice, job):
    generation = job.generations.get(name="vase")
    response = as_alice.post(f"/generations/{generation.pk}/again/", FORM | {"token": uuid4().hex})
    new = Job.objects.exclude(pk=job.pk).get()
    assert response["Location"] == f"/jobs/{new.pk}/"
    assert [entry.name for entry in new.generations.all()] == ["vase"]
    assert new.options["face_limit"] == 9000
    assert new.generations.get().inputs.get().image_id == generation.inputs.get().image_id
    assert SourceImage.objects.count() == 2


def test_a_whole_job(as_alice, job):
    as_alice.post(f"/jobs/{job.pk}/again/", FORM | {"token": uuid4().hex})
    new = Job.objects.exclude(pk=job.pk).get()
    assert [entry.name for entry in new.generations.order_by("position")] == ["mug", "vase"]


def test_the_form_shows_the_picture_and_the_earlier_options(as_alice, job):
    Job.objects.filter(pk=job.pk).update(name="Shelf")
    generation = job.generations.get(name="mug")
    page = read(as_alice.get(f"/generations/{generation.pk}/again/"))
    assert "mug.png" in page
    assert "vase.png" not in page
    assert 'value="Shelf"' in page
    assert 'value="stl" checked' in page
    assert 'type="file"' not in page


def test_a_bad_option(as_alice, job):
    response = as_alice.post(f"/jobs/{job.pk}/again/", FORM | {"face_limit": "1"})
    assert response.status_code == 400
    assert "Must be from 2,000" in read(response)
    assert Job.objects.count() == 1


def test_a_stranger_finds_nothing(as_bob, job):
    assert as_bob.get(f"/jobs/{job.pk}/again/").status_code == 404
    assert as_bob.post(f"/generations/{job.generations.first().pk}/again/", FORM).status_code == 404
    assert Job.objects.count() == 1


def test_a_visitor_is_sent_to_the_login(as_nobody, job):
    assert leads_to_login(as_nobody.get(f"/jobs/{job.pk}/again/"))
