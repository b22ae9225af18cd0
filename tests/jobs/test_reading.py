"""jobs.reading: the same as the usual prefetching, with fewer questions."""

from __future__ import annotations

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import services
from jobs.describe import describe_job
from jobs.links import Links
from jobs.models import Conversion, GenerationInput, Job
from jobs.reading import PARTS, read_job, read_parts
from jobs.services import runs
from tests.factories import claim, finish_job, make_artifact, make_job, make_picture

pytestmark = pytest.mark.django_db
LINKS = Links(base="http://testserver")


def make_views(owner) -> Job:
    """One generation of three pictures."""
    uploads = [services.Upload(filename=f"{side}.png", file=io.BytesIO(make_picture(30 + place)))
               for place, side in enumerate(("front", "left", "back"))]  # fmt: skip
    stored = services.store_images(owner, uploads=uploads)
    items = services.arrange(stored, views=("front", "left", "back"))
    return services.submit_job(owner, items=items, wishes=services.Wishes()).job


def make_half_finished(owner) -> Job:
    job = make_job(owner, pictures=3, first=10)
    generation = claim(job)
    runs.complete_generation(generation, artifacts=[make_artifact(generation)])
    return job


def make_converted(owner) -> Job:
    job = finish_job(make_job(owner, pictures=2, first=20))
    Conversion.objects.create(generation=job.generations.first(), format="stl")
    return job


def make_empty(owner) -> Job:
    return Job.objects.create(owner=owner, engine="local")


def make_without_a_picture(owner) -> Job:
    job = finish_job(make_job(owner, pictures=2, first=25))
    GenerationInput.objects.filter(generation=job.generations.first()).delete()
    return job


MAKERS = [  # what is finished comes before what only waits
    lambda owner: finish_job(make_job(owner, pictures=2, first=5)),
    make_converted,
    make_without_a_picture,
    make_half_finished,
    lambda owner: make_job(owner, pictures=2),
    make_views,
    make_empty,
]


def describe(job: Job) -> dict:
    """As it is described from what was read, without another look at its parts."""
    with CaptureQueriesContext(connection) as queries:
        described = describe_job(job, links=LINKS)
    assert not [query for query in queries if "jobs_generationinput" in query["sql"] or "artifact" in query["sql"]]
    return described


@pytest.mark.parametrize("make", MAKERS)
def test_it_works(alice, make):
    pk = make(alice).pk

    usual = Job.objects.prefetch_related(*(f"generations__{part}" for part in PARTS)).get(pk=pk)

    assert describe(read_job(Job.objects.filter(pk=pk))) == describe(usual)


def test_many_at_once(alice):
    for make in MAKERS:
        make(alice)
    usual = list(Job.objects.prefetch_related(*(f"generations__{part}" for part in PARTS)))
    jobs = list(Job.objects.all())

    read_parts(jobs)

    assert [describe(job) for job in jobs] == [describe(job) for job in usual]
    assert all(row.job is job for job in jobs if job.total for row in job.generations.all())


def test_nothing_is_read_of_others(alice, bob):
    job = make_job(bob)
    assert read_job(Job.objects.owned_by(alice).filter(pk=job.pk)) is None


def test_nothing_is_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        read_parts([])
