"""How often is the database asked? As often for a long list as for a short one, and no more than it must."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Conversion
from jobs.services import runs
from tests.api.client import Api
from tests.factories import claim, finish_job, make_artifact, make_job, make_picture

pytestmark = pytest.mark.django_db(transaction=True)

MOST_FOR_A_JOB, MOST_FOR_A_LIST, MOST_FOR_AN_UPLOAD = 4, 6, 24


@pytest.fixture
def api(alice) -> Api:
    return Api(alice)


def count(call) -> int:
    with CaptureQueriesContext(connection) as queries:
        response = call()
    assert response.status_code == 200, response.content
    return sum(not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for query in queries)


def test_a_job(api: Api, alice) -> None:
    small, large = make_job(alice), make_job(alice, pictures=10, first=5)
    api.get(f"/api/v1/jobs/{small.pk}")  # the first call measures what is kept for a while
    numbers = [count(lambda job=job: api.get(f"/api/v1/jobs/{job.pk}")) for job in (small, large)]
    assert numbers[0] == numbers[1] <= MOST_FOR_A_JOB


def test_a_job_in_every_state(api: Api, alice) -> None:
    done = finish_job(make_job(alice, pictures=3))
    half = make_job(alice, pictures=3, first=5)
    generation = claim(half)
    runs.complete_generation(generation, artifacts=[make_artifact(generation)])
    claim(half)
    converted = finish_job(make_job(alice, first=10))
    Conversion.objects.create(generation=converted.generations.get(), format="stl")
    for job in (done, half, converted):
        api.get(f"/api/v1/jobs/{job.pk}")
        assert count(lambda job=job: api.get(f"/api/v1/jobs/{job.pk}")) <= MOST_FOR_A_JOB
    assert count(lambda: api.get("/api/v1/jobs?limit=50")) <= MOST_FOR_A_LIST


def test_a_list(api: Api, alice) -> None:
    make_job(alice)
    api.get("/api/v1/jobs")
    one = count(lambda: api.get("/api/v1/jobs?limit=50"))
    for number in range(6):
        make_job(alice, first=10 + number)
    assert count(lambda: api.get("/api/v1/jobs?limit=50")) == one <= MOST_FOR_A_LIST


def test_an_upload(api: Api) -> None:
    api.upload(make_picture(0))
    assert count(lambda: api.upload(make_picture(1))) <= MOST_FOR_AN_UPLOAD


def test_a_batch_costs_no_more_than_one(api: Api) -> None:
    api.upload(make_picture(0))
    one = count(lambda: api.upload(make_picture(1)))
    assert (
        count(lambda: api.upload(*(make_picture(2 + number) for number in range(10)))) <= one + 1
    )  # once a second, the queue is counted
