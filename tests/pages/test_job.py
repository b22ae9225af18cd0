"""``/jobs/<id>/``: right at once and after each reload, whatever state the job is in."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import ExpiredJob, Job
from jobs.services import Item, Upload, Wishes, delete_job, runs, store_images, submit_job
from jobs.states import Stage
from tests.factories import claim, finish_job, make_artifact, make_job, make_picture
from tests.pages.answers import leads_to_login, read


@pytest.fixture
def job(alice) -> Job:
    return make_job(alice, names=["mug.png", "vase.png", "shoe.png"])


def read_data(page: str) -> dict:
    return json.loads(re.search(r'<script id="page-data"[^>]*>(.*?)</script>', page, re.S)[1])


def test_it_works(as_alice, job):
    page = read(as_alice.get(f"/jobs/{job.pk}/"))
    for words in ("mug.png", "vase.png", "shoe.png", "0 of 3", "Waiting for its turn", "2 before it", "Cancel all"):
        assert words in page
    job.refresh_from_db()
    assert read_data(page)["version"] == job.version
    assert '<noscript><meta http-equiv="refresh"' in page


def test_a_running_job_says_how_far_it_is(as_alice, job):
    generation = claim(job)
    runs.record_progress(generation, stage=Stage.GENERATING, percent=60)
    page = read(as_alice.get(f"/jobs/{job.pk}/"))
    assert "Making the model" in page
    assert "60 %" in page
    assert 'data-status="processing"' in page


def test_a_failure_says_why_and_what_to_do(as_alice, job):
    failure = runs.Failure(code="no_object", message="No object was found <here>.", hint="Use a plain ground.")
    runs.fail_generation(claim(job), failure=failure)
    page = read(as_alice.get(f"/jobs/{job.pk}/"))
    assert "No object was found &lt;here&gt;." in page
    assert "Use a plain ground." in page
    assert ", 1 failed" in page


@pytest.mark.parametrize("retryable", [True, False])
def test_what_would_fail_again_is_offered_with_changes(as_alice, job, retryable):
    generation = claim(job)
    failure = runs.Failure(code="no_object", message="No object.", retryable=retryable)
    runs.fail_generation(generation, failure=failure)
    page = read(as_alice.get(f"/jobs/{job.pk}/"))
    assert page.count("data-needs-changes") == (0 if retryable else 1)
    model = read(as_alice.get(f"/generations/{generation.pk}/"))
    assert "result-stage" not in model  # the reason comes first, and the picture is shown beside it
    primary = re.search(r'button-primary"[^>]*(retry|again)/"', model.partition("result-main")[2])
    assert primary is not None
    assert primary[1] == ("retry" if retryable else "again")


def test_a_result_that_cannot_be_turned_is_offered_as_what_it_is(as_alice, alice):
    job = make_job(alice)
    job.generations.update(engine="tripo-v2.5", options={"quad": True})
    page = read(as_alice.get(f"/jobs/{job.pk}/"))
    assert "Open the FBX" in page  # what a card says once it is done, without a reload
    job.generations.update(engine="local", options={})
    generation = claim(job)
    raw = make_artifact(generation, role="raw", format_id="fbx")
    runs.complete_generation(generation, artifacts=[raw], warnings=["no_glb"])
    page = read(as_alice.get(f"/jobs/{job.pk}/"))
    stored = generation.artifacts.get()
    assert f"/artifacts/{stored.pk}/?download" in page
    assert "Download FBX" in page
    assert "View in 3D" not in page
    assert "FBX ·" in read(as_alice.get("/models/"))


def test_a_finished_job_shows_previews_and_follows_nothing(as_alice, job):
    finish_job(job)
    page = read(as_alice.get(f"/jobs/{job.pk}/"))
    previews = [generation.artifacts.get(role="preview") for generation in job.generations.all()]
    assert all(f"/artifacts/{preview.pk}/" in page for preview in previews)
    assert "3 of 3" in page
    assert read_data(page)["active"] is False
    assert "http-equiv" not in page


def test_remarks_are_counted(as_alice, alice):
    job = make_job(alice)
    generation = claim(job)
    runs.complete_generation(generation, artifacts=[make_artifact(generation)], warnings=["low_confidence"])
    assert "1 remark on the model" in read(as_alice.get(f"/jobs/{job.pk}/"))


def test_the_snippet_names_this_job(as_alice, job):
    page = read(as_alice.get(f"/jobs/{job.pk}/"))
    assert f"http://testserver/api/v1/jobs/{job.pk}/events" in page
    assert "files=@mug.png" in page
    assert "name the other" not in page


def test_the_snippet_makes_the_same_again(as_alice, alice):
    """Sides, options and formats too; names that a shell would read otherwise are quoted."""
    stored = store_images(
        alice,
        uploads=[
            Upload(filename=name, file=io.BytesIO(make_picture(n))) for n, name in enumerate(["a b.png", "c.png"])
        ],
    )
    wishes = Wishes(engine="local", options={"face_limit": 5000, "mode": "object"}, formats=["stl"])
    views = dict(zip(["front", "back"], stored, strict=True))
    job = submit_job(alice, items=[Item(views=views)], wishes=wishes).job
    page = unescape(read(as_alice.get(f"/jobs/{job.pk}/")))
    fields = re.findall(r"-F (.*?) \\\n", page)
    given = ["'files=@a b.png'", "files=@c.png", "views=front,back"]
    assert fields == [
        *given,
        "engine=local",
        "face_limit=5000",
        "texture=standard",
        """'options={"mode": "object"}'""",
        "formats=stl",
    ]


def test_the_snippet_names_a_few_of_many(as_alice, alice):
    page = read(as_alice.get(f"/jobs/{make_job(alice, pictures=5).pk}/"))
    assert "name the other 2 pictures as these" in page
    assert page.count("-F files=@") == 3


@pytest.mark.parametrize("state", ["queued", "completed"])
def test_the_number_of_queries_does_not_grow(as_alice, alice, state):
    few, many = make_job(alice, pictures=1), make_job(alice, pictures=12, first=50)
    if state == "completed":
        finish_job(few), finish_job(many)
    as_alice.get(f"/jobs/{few.pk}/")  # measured durations are kept for a while
    with CaptureQueriesContext(
        connection,
    ) as small:
        as_alice.get(f"/jobs/{few.pk}/")
    with CaptureQueriesContext(connection) as large:
        as_alice.get(f"/jobs/{many.pk}/")
    assert len(small) == len(large) <= 8


def test_a_page_of_25_is_below_150_kilobytes(as_alice, alice):
    job = make_job(alice, pictures=25)
    assert len(as_alice.get(f"/jobs/{job.pk}/").content) < 150_000


def test_a_stranger_finds_nothing(as_bob, job):
    assert as_bob.get(f"/jobs/{job.pk}/").status_code == 404


def test_a_deleted_and_an_unknown_job(as_alice, job):
    Job.objects.filter(pk=job.pk).update(deleted_at=job.created_at)
    assert as_alice.get(f"/jobs/{job.pk}/").status_code == 404
    assert as_alice.get(f"/jobs/{uuid4()}/").status_code == 404


def test_the_day_of_its_removal_is_told(as_alice, job, settings):
    finish_job(job)
    addresses = [f"/jobs/{job.pk}/", f"/generations/{job.generations.first().pk}/"]
    assert all("kept until" not in read(as_alice.get(address)) for address in addresses)
    settings.RETENTION_DAYS = 30
    day = (Job.objects.get(pk=job.pk).finished_at + timedelta(days=30)).strftime("%-d %b %Y")
    assert all(f"kept until {day}" in read(as_alice.get(address)) for address in addresses)


def test_what_the_retention_removed_is_told_from_what_never_was(as_alice, as_bob, alice, job, settings):
    settings.RETENTION_DAYS = 30
    ExpiredJob.objects.create(job_id=job.pk, owner=alice)
    assert as_alice.get(f"/jobs/{job.pk}/").status_code == 200  # it is still there
    delete_job(job, actor="retention")
    response = as_alice.get(f"/jobs/{job.pk}/")
    assert response.status_code == 410
    assert "keeps models for 30 days" in response.text
    assert as_bob.get(f"/jobs/{job.pk}/").status_code == 404


def test_a_visitor_is_sent_to_the_login(as_nobody, job):
    assert leads_to_login(as_nobody.get(f"/jobs/{job.pk}/"))
