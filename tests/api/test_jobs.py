"""GET /api/v1/jobs"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from jobs.models import Generation, Job
from jobs.services import cancel_job
from tests.api.client import Api, assert_refused
from tests.factories import finish_job, make_job

pytestmark = pytest.mark.django_db

JOBS = "/api/v1/jobs"


def list_ids(body) -> list[str]:
    return [job["id"] for job in body["results"]]


def test_it_works(api: Api, alice: User, bob: User) -> None:
    older, newer = make_job(alice), make_job(alice, first=5)
    make_job(bob, first=9)

    body = api.get(JOBS).json()

    assert list_ids(body) == [str(newer.pk), str(older.pk)]
    assert body["next"] is None
    assert body["previous"] is None
    assert body["results"][0]["generations"][0]["image"]["filename"] == "picture-5.png"


def test_it_is_empty_at_first(api: Api) -> None:
    assert api.get(f"{JOBS}/").json() == {"next": None, "previous": None, "results": []}


def test_it_takes_few_queries(api: Api, alice: User, django_assert_max_num_queries) -> None:
    for number in range(6):
        finish_job(make_job(alice, pictures=3, first=3 * number))
    api.get(JOBS)

    with django_assert_max_num_queries(4):  # key, jobs, generations with pictures, files
        api.get(JOBS)


def test_what_waits_costs_one_query_more(api: Api, alice: User, django_assert_max_num_queries) -> None:
    for number in range(6):
        make_job(alice, pictures=3, first=3 * number)
    api.get(JOBS)

    with django_assert_max_num_queries(4):  # there are no files yet
        body = api.get(JOBS).json()
    positions = [row["queue_position"] for job in body["results"] for row in job["generations"]]
    assert sorted(positions) == list(range(18))


def test_it_pages_forth_and_back(api: Api, alice: User) -> None:
    ids = [str(make_job(alice, first=number).pk) for number in range(5)][::-1]

    first = api.get(f"{JOBS}?limit=2&status=queued").json()
    second = api.get(first["next"]).json()
    make_job(alice, first=9)  # the list grows meanwhile
    third = api.get(second["next"]).json()
    back = api.get(third["previous"]).json()

    assert [list_ids(page) for page in (first, second, third, back)] == [ids[:2], ids[2:4], ids[4:], ids[2:4]]
    assert third["next"] is None
    assert first["previous"] is None
    assert "status=queued" in first["next"]
    assert first["next"].startswith("http://testserver/api/v1/jobs?")
    assert list_ids(api.get(back["next"]).json()) == ids[4:]


def test_it_pages_through_jobs_of_one_moment(api: Api, alice: User) -> None:
    ids = {str(make_job(alice, first=number).pk) for number in range(3)}
    Job.objects.update(created_at=timezone.now())

    seen, address = [], f"{JOBS}?limit=1"
    while address:
        page = api.get(address).json()
        seen += list_ids(page)
        address = page["next"]

    assert len(seen) == 3
    assert set(seen) == ids


def test_it_filters(api: Api, alice: User) -> None:
    done, waiting = finish_job(make_job(alice, names=["Red chair.png"])), make_job(alice, first=5)
    Job.objects.filter(pk=waiting.pk).update(name="Spring shop")
    soon = (timezone.now() + timedelta(hours=1)).isoformat()

    def ask(**query: str) -> list[str]:
        return list_ids(api.get(JOBS, query_params=query).json())

    assert ask(status="completed") == [str(done.pk)]
    assert ask(status="completed,queued") == [str(waiting.pk), str(done.pk)]
    assert ask(search="red CHAIR") == [str(done.pk)]
    assert ask(search="spring") == [str(waiting.pk)]
    assert ask(search="100%") == []
    assert ask(engine="local") == [str(waiting.pk), str(done.pk)]
    assert ask(created_after=soon) == []
    assert len(ask(created_after="2020-01-01")) == 2


@pytest.mark.parametrize(
    "query",
    [
        "owner=2",
        "user_id=2",
        "ordering=password",
        "page_size=100000",
        "page=-1",
        "cursor=tampered",
        "limit=0",
        "limit=101",
        "limit=ten",
        "limit=-1",
        "status=done",
        "engine=nothing",
        "created_after=yesterday",
        "created_after=2026-02-30T00:00:00Z",
        "created_after=0001-01-01T00:00:00%2B23:00",
        "search=a%00b",
        "limit=1&limit=2",
        "format=xml",
    ],
)
def test_e11_f06_it_refuses_a_bad_query(api: Api, alice: User, query: str) -> None:
    make_job(alice)

    assert_refused(api.get(f"{JOBS}?{query}"), 400, "invalid_parameter")


def test_a_cursor_of_another_kind_is_refused(api: Api) -> None:
    from django.core import signing

    forged = signing.dumps(["2026-01-01", "x"], salt="another")
    assert_refused(api.get(f"{JOBS}?cursor={forged}"), 400, "invalid_parameter")


def test_d01_it_refuses_nobody(nobody: Api) -> None:
    response = nobody.get(JOBS)

    assert_refused(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer i2m_abcdefgh_" + "x" * 38,
        "Bearer " + "x" * 4096,
        "Bearer schl\u00fcssel",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
    ],
)
def test_d03_it_refuses_a_malformed_key_without_asking_the_database(
    nobody: Api, header: str, django_assert_num_queries
) -> None:
    with django_assert_num_queries(0):
        response = nobody.get(JOBS, headers={"Authorization": header})

    assert_refused(response, 401, "invalid_api_key")
    assert response["WWW-Authenticate"] == "Bearer"


def test_d09_a_preflight_allows_nothing_to_other_sites(nobody: Api) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    response = nobody.client.options(JOBS, headers=headers)

    assert response.status_code == 200
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_d15_it_refuses_to_answer_in_xml(api: Api) -> None:
    assert_refused(api.get(JOBS, headers={"Accept": "application/xml"}), 406, "not_acceptable")


def test_it_refuses_other_methods(api: Api) -> None:
    response = api.call("PUT", JOBS)

    assert_refused(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_there_is_nothing_elsewhere(api: Api) -> None:
    assert_refused(api.get("/api/v1/nothing"), 404, "not_found")


def test_it_takes_the_callers_request_id(api: Api) -> None:
    assert api.get(JOBS, headers={"X-Request-ID": "my-id.1"})["X-Request-ID"] == "my-id.1"
    assert api.get(JOBS, headers={"X-Request-ID": "bad id\x7f"})["X-Request-ID"] != "bad id\x7f"


def test_counts_tell_what_was_cancelled(api: Api, alice: User) -> None:
    job = make_job(alice, pictures=2)
    cancel_job(job, actor="alice")

    (body,) = api.get(JOBS).json()["results"]

    assert body["status"] == "cancelled"
    assert body["counts"] == {"total": 2, "queued": 0, "processing": 0, "completed": 0, "failed": 0, "cancelled": 2}
    assert Generation.objects.count() == 2
