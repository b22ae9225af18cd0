"""services.count_upload, as the API and the pages show it."""

from __future__ import annotations

import io
import time

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from accounts.models import Limits, User
from jobs.models import Job, SourceImage, UploadWindow
from jobs.services import count_upload, store_images
from jobs.services.images import Upload
from tests.api.client import Api, assert_refused
from tests.api.document import read_document, resolve
from tests.factories import make_picture
from tests.live.client import bearer, open_stream

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/upload"
NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def read_headers(response) -> tuple[int, ...]:
    return tuple(int(response[name]) for name in NAMES)


def send(api: Api, number: int = 0):
    return api.upload(make_picture(number))


def let_pass(user: User, seconds: float) -> None:
    """As if so much time had gone by since the last uploads."""
    window = UploadWindow.objects.get(owner=user)
    window.times = [moment - seconds for moment in window.times]
    window.save()


def test_it_works(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (3, 60)

    answers = [send(api, number) for number in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert [read_headers(answer)[:2] for answer in answers] == [(3, 2), (3, 1), (3, 0)]
    assert all(0 < read_headers(answer)[2] - time.time() <= 61 for answer in answers)


def test_one_more_is_refused(api, settings):
    settings.RATE_LIMIT_UPLOAD = (2, 60)
    send(api, 0), send(api, 1)

    before = time.time()
    response = send(api, 2)

    body = assert_refused(response, 429, "rate_limited")
    assert body["details"] == {"limit": 2, "period_seconds": 60, "limit_of": "user"}
    limit, remaining, reset = read_headers(response)
    assert (limit, remaining) == (2, 0)
    assert 1 <= int(response["Retry-After"]) <= 60
    assert before - 2 <= reset - int(response["Retry-After"]) <= time.time() + 2
    assert Job.objects.count() == SourceImage.objects.count() == 2


def test_the_window_slides(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (2, 60)
    began = time.time()
    send(api, 0)
    let_pass(alice, 40)
    send(api, 1)
    assert_waits(send(api, 2), 20, since=began)
    let_pass(alice, 21)

    answers = [send(api, 3), send(api, 4)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert_waits(answers[1], 39, since=began)


def assert_waits(response, seconds: int, *, since: float) -> None:
    """So long, less what has gone by."""
    spent = time.time() - since
    assert seconds - spent - 1 <= int(response["Retry-After"]) <= seconds


def test_what_was_refused_does_not_count(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (1, 60)
    for number in range(5):
        send(api, number)
    let_pass(alice, 61)

    assert send(api, 9).status_code == 200


def test_what_was_wrong_counts(api, settings):
    settings.RATE_LIMIT_UPLOAD = (2, 60)

    answers = [api.upload(b"no picture") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert read_headers(answers[0])[:2] == (2, 1)


def test_calls_that_make_jobs_count_too(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (5, 60)
    stored = api.send("/api/v1/images", ("files", "a.png", make_picture()))
    file_id = stored.json()["images"][0]["file_id"]
    answers = [
        stored,
        api.post("/api/v1/jobs", {"images": [file_id]}),
        api.post("/api/v1/models/generate", {"file_id": file_id}),
        api.send("/api/v1/upload/image", ("file", "a.png", make_picture())),
        send(api),
    ]
    assert [read_headers(answer)[1] for answer in answers] == [4, 3, 2, 1, 0]
    assert_refused(api.post("/api/v1/jobs", {"images": [file_id]}), 429, "rate_limited")


def test_other_calls_are_exempt(api, settings):
    settings.RATE_LIMIT_UPLOAD = (1, 60)
    job_id = send(api).json()["job_id"]

    for path in ("/health", "/api/v1/health", "/api/v1/jobs", f"/api/v1/jobs/{job_id}", "/api/v1/account"):
        response = api.get(path)
        assert response.status_code == 200
        assert "X-RateLimit-Limit" not in response
    assert api.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 200


def test_callers_without_a_right_do_not_count(alice, settings):
    settings.RATE_LIMIT_UPLOAD = (1, 60)
    assert_refused(send(Api(alice, scopes=("read",))), 403, "insufficient_scope")
    assert_refused(send(Api(None)), 401, "not_authenticated")
    assert not UploadWindow.objects.exists()


def test_everybody_has_a_limit_of_their_own(api, stranger, settings):
    settings.RATE_LIMIT_UPLOAD = (1, 60)
    send(api)

    assert send(stranger).status_code == 200
    assert send(api).status_code == 429


def test_all_keys_of_a_user_count_together(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (1, 60)
    send(api)

    assert send(Api(alice)).status_code == 429


def test_a_users_own_limit_wins(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (1, 3600)
    Limits.objects.create(user=alice, uploads_per_minute=2)

    answers = [send(api, number) for number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["details"] == {"limit": 2, "period_seconds": 60, "limit_of": "user"}
    assert api.get("/api/v1/account").json()["limits"]["uploads"] == {"count": 2, "period_seconds": 60}


def test_a_limit_of_none_lets_nobody_in(api, alice):
    Limits.objects.create(user=alice, uploads_per_minute=0)

    response = send(api)

    assert_refused(response, 429, "rate_limited")
    assert response["Retry-After"] == "60"


def test_a_lowered_limit_counts_what_came_before(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (5, 60)
    for number in range(5):
        send(api, number)
    let_pass(alice, 30)
    settings.RATE_LIMIT_UPLOAD = (2, 60)

    assert_refused(send(api), 429, "rate_limited")
    let_pass(alice, 31)
    assert send(api).status_code == 200


def test_old_times_are_not_kept(alice, settings):
    settings.RATE_LIMIT_UPLOAD = (100, 60)
    for _ in range(3):
        count_upload(alice)
    let_pass(alice, 61)

    count_upload(alice)

    assert len(UploadWindow.objects.get(owner=alice).times) == 1


def test_another_limit_speaks_of_itself(api, alice):
    Limits.objects.create(user=alice, active_generations=1)
    send(api, 0)

    response = send(api, 1)

    assert_refused(response, 429, "too_many_active_generations")
    assert read_headers(response)[:2] == (1, 0)
    assert int(response["Retry-After"]) == 30


def test_the_page_says_it_kindly(page: Client, settings):
    settings.RATE_LIMIT_UPLOAD = (0, 60)

    response = page.post("/upload/", {})

    assert response.status_code == 429
    assert response["Retry-After"] == "60"
    assert "That was too often" in response.content.decode()


def test_the_pages_script_gets_the_envelope(page: Client, settings):
    settings.RATE_LIMIT_UPLOAD = (0, 60)

    response = page.post("/upload/", {}, headers={"Accept": "application/json"})

    assert_refused(response, 429, "rate_limited")
    assert (response["Retry-After"], response["X-RateLimit-Limit"]) == ("60", "0")


def test_running_again_counts_on_the_page(page: Client, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (0, 60)
    job = Job.objects.create(owner=alice, engine="local")

    assert page.post(f"/jobs/{job.pk}/again/", {}).status_code == 429
    assert page.get(f"/jobs/{job.pk}/again/").status_code == 200


def test_services_alone_do_not_count(alice):
    """Commands and tests store as much as they like."""
    picture = Upload(filename="a.png", file=io.BytesIO(make_picture()))
    store_images(alice, uploads=[picture])
    assert not UploadWindow.objects.exists()


@pytest.mark.django_db(transaction=True)
async def test_too_many_streams_name_their_limit(alice, settings):
    settings.MAX_STREAMS = 1
    key = await sync_to_async(bearer)(alice)
    async with open_stream("/api/v1/events", key), open_stream("/api/v1/events", key) as refused:
        assert refused.status == 429
        assert refused.headers["retry-after"] == "5"
        assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == ("1", "0")


def test_the_document_names_the_headers():
    upload = read_document()["paths"]["/api/v1/upload"]["post"]["responses"]
    job = read_document()["paths"]["/api/v1/jobs/{job_id}"]["get"]["responses"]
    assert set(NAMES) <= set(upload["200"]["headers"])
    assert {*NAMES, "Retry-After"} <= set(resolve(upload["429"])["headers"])
    assert set(resolve(upload["503"])["headers"]) == {"Retry-After", "X-Request-ID"}
    assert not set(NAMES) & set(job["200"]["headers"])
