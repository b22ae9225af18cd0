"""``/models/``: all my models and all my jobs; search, filters, paging."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Generation, Job
from jobs.services import cancel_job, runs
from tests.factories import claim, finish_job, make_job
from tests.pages.answers import leads_to_login, read


@pytest.fixture
def models(alice) -> Job:
    return finish_job(make_job(alice, names=["mug.png", "vase.png"]))


def list_names(response) -> list[str]:
    return sorted(card.generation.name for card in response.context["cards"])


def test_it_works(as_alice, models):
    response = as_alice.get("/models/")
    page = read(response)
    assert list_names(response) == ["mug", "vase"]
    for generation in models.generations.all():
        assert f"/generations/{generation.pk}/" in page
        assert f"/artifacts/{generation.artifacts.get(role='preview').pk}/" in page


def test_an_empty_library_has_one_thing_to_do(as_alice):
    page = read(as_alice.get("/models/"))
    assert "No models yet" in page
    assert page.count("button-primary") == 1
    assert "Tick models" not in page


def test_nothing_of_others_is_listed(as_bob, models):
    assert "No models yet" in read(as_bob.get("/models/"))
    assert "No models yet" in read(as_bob.get("/models/?tab=jobs"))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=MUG", ["mug"]),
        ("search=nothing", []),
        ("status=completed", ["mug", "vase"]),
        ("status=failed", ["shoe"]),
        ("status=active", ["hat"]),
        ("status=cancelled", []),
        ("engine=local", ["hat", "mug", "shoe", "vase"]),
        ("since=2026-02-01", ["hat", "mug", "shoe", "vase"]),
        ("until=2026-01-15", []),
        ("since=yesterday&status=odd&engine=odd", ["hat", "mug", "shoe", "vase"]),
        ("since=2026-02-31", ["hat", "mug", "shoe", "vase"]),
        ("search=shelf", ["shoe"]),
    ],
)
def test_filters(as_alice, alice, models, query, names):
    failing = make_job(alice, names=["shoe.png"], first=5)
    Job.objects.filter(pk=failing.pk).update(name="Shelf")
    runs.fail_generation(claim(failing), failure=runs.Failure(code="no_object", message="None."))
    make_job(alice, names=["hat.png"], first=6)
    Generation.objects.update(created_at=datetime(2026, 3, 1, tzinfo=UTC))
    response = as_alice.get(f"/models/?{query}")
    assert sorted(list_names(response)) == names
    assert names or "Nothing fits these filters" in read(response)


def test_a_cancelled_one_is_found(as_alice, alice):
    cancel_job(make_job(alice, names=["hat.png"]), actor="alice")
    assert list_names(as_alice.get("/models/?status=cancelled")) == ["hat"]


def test_pages_keep_the_filters(as_alice, alice):
    for first in (0, 20):
        make_job(alice, pictures=20, first=first)
    response = as_alice.get("/models/?search=picture&page=2")
    assert len(response.context["cards"]) == 16
    assert "?search=picture&amp;page=1" in read(response)
    assert len(as_alice.get("/models/?page=99").context["cards"]) == 16


def test_jobs(as_alice, alice, models):
    Job.objects.filter(pk=models.pk).update(name="Shelf & <co>")
    make_job(alice, names=["hat.png", "cap.png"], first=7)
    page = read(as_alice.get("/models/?tab=jobs"))
    assert "Shelf &amp; &lt;co&gt;" in page
    assert "hat.png and 1 more" in page
    assert "2 of 2 made" in page
    assert "<progress" in page


def test_jobs_are_found_by_the_names_of_their_pictures_once(as_alice, models):
    assert len(as_alice.get("/models/?tab=jobs&search=a").context["rows"]) == 1
    assert len(as_alice.get("/models/?tab=jobs&search=mug").context["rows"]) == 1
    assert len(as_alice.get("/models/?tab=jobs&search=hat").context["rows"]) == 0


@pytest.mark.parametrize("address", ["/models/", "/models/?tab=jobs"])
def test_the_number_of_queries_does_not_grow(as_alice, alice, models, address):
    as_alice.get(address)
    with CaptureQueriesContext(connection) as few:
        as_alice.get(address)
    for first in (10, 20, 30):
        finish_job(make_job(alice, pictures=6, first=first))
    with CaptureQueriesContext(connection) as many:
        as_alice.get(address)
    assert len(few) == len(many) <= 8


def test_a_full_page_is_below_150_kilobytes(as_alice, alice):
    make_job(alice, pictures=25)
    assert len(as_alice.get("/models/").content) < 150_000


def test_a_visitor_is_sent_to_the_login(as_nobody):
    assert leads_to_login(as_nobody.get("/models/"))
