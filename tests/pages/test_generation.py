"""``/generations/<id>/``: the viewer, the picture, the facts, the remarks; or why there is none of it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Artifact, Generation, Job
from jobs.services import runs
from jobs.views.warnings import WARNINGS
from tests.factories import claim, finish_job, make_artifact, make_job
from tests.pages.answers import leads_to_login, read


@pytest.fixture
def job(alice) -> Job:
    return finish_job(make_job(alice, names=["mug.png", "vase.png", "shoe.png"]))


@pytest.fixture
def generation(job) -> Generation:
    return job.generations.get(name="vase")


def test_it_works(as_alice, generation):
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    model = generation.artifacts.get(role="model")
    assert f'<model-viewer src="/artifacts/{model.pk}/"' in page
    assert "model-viewer.min.js" in page
    assert f"/pictures/{generation.inputs.get().image_id}/" in page
    assert "the back is a mirrored guess" in page


def test_the_facts(as_alice, generation):
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    facts = dict(zip(*[iter(find_all(page, "<dt>", "</dt>", "<dd>", "</dd>"))] * 2, strict=True))
    assert facts["Faces"] == "12"
    assert facts["Watertight"] == "Yes"
    assert facts["Size"] == "1.00 × 1.00 × 1.00 m"
    assert facts["In print"] == "100 × 100 × 100 mm"
    assert facts["Engine"] == "Local relief"
    assert facts["Texture"] == "Standard"


def find_all(page: str, *marks: str) -> list[str]:
    """The texts between each pair of marks, in turn, as often as they occur."""
    found, pairs, place = [], list(zip(marks[::2], marks[1::2], strict=True)), 0
    while (start := page.find(pairs[len(found) % len(pairs)][0], place)) >= 0:
        opening, closing = pairs[len(found) % len(pairs)]
        place = page.index(closing, start)
        found.append(page[start + len(opening) : place])
    return found


def test_what_is_not_known_is_left_out(as_alice, generation):
    Artifact.objects.filter(generation=generation, role="model").update(faces=None, watertight=None, bounds=None)
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    for name in ("Faces", "Watertight", "Size", "In print"):
        assert f"<dt>{name}</dt>" not in page


def test_its_neighbours(as_alice, job, generation):
    first, last = job.generations.get(name="mug"), job.generations.get(name="shoe")
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    assert f'rel="prev" href="/generations/{first.pk}/"' in page
    assert f'rel="next" href="/generations/{last.pk}/"' in page
    assert "2 of 3" in page
    assert 'rel="prev"' not in read(as_alice.get(f"/generations/{first.pk}/"))


@pytest.mark.parametrize("code", sorted(WARNINGS))
def test_a_warning_in_plain_words(as_alice, generation, code):
    Generation.objects.filter(pk=generation.pk).update(warnings=[code])
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    assert WARNINGS[code].title in page
    assert code not in page


def test_an_unknown_warning_and_a_format_that_failed(as_alice, generation):
    Generation.objects.filter(pk=generation.pk).update(warnings=["very_odd", "conversion_failed:stl"])
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    assert "Very odd" in page
    assert "STL could not be made" in page


def test_the_mask_can_be_shown(as_alice, alice):
    job = make_job(alice)
    generation = claim(job)
    artifacts = [make_artifact(generation), make_artifact(generation, role="mask", format_id="png")]
    runs.complete_generation(generation, artifacts=artifacts)
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    assert "data-toggles-mask" in page
    assert f"/artifacts/{generation.artifacts.get(role='mask').pk}/" in page


def test_a_failed_one_says_why(as_alice, alice):
    generation = claim(make_job(alice))
    failure = runs.Failure(code="no_object", message="No object was found.", hint="Use a plain ground.")
    runs.fail_generation(generation, failure=failure)
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    for words in ("No object was found.", "Use a plain ground.", "Try again", "Run with changes"):
        assert words in page
    assert "<model-viewer" not in page
    assert "model-viewer.min.js" not in page


def test_a_waiting_one(as_alice, alice):
    generation = make_job(alice).generations.get()
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    assert "Waiting for its turn" in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_the_number_of_queries_does_not_grow(as_alice, alice, generation):
    large = finish_job(make_job(alice, pictures=12, first=50)).generations.first()
    as_alice.get(f"/generations/{generation.pk}/")
    with CaptureQueriesContext(connection) as few:
        as_alice.get(f"/generations/{generation.pk}/")
    with CaptureQueriesContext(connection) as many:
        as_alice.get(f"/generations/{large.pk}/")
    assert len(few) == len(many) <= 8


def test_a_stranger_finds_nothing(as_bob, generation):
    assert as_bob.get(f"/generations/{generation.pk}/").status_code == 404


def test_a_visitor_is_sent_to_the_login(as_nobody, generation):
    assert leads_to_login(as_nobody.get(f"/generations/{generation.pk}/"))
