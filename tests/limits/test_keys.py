"""Limits of an API key of its own, beside those of its user."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import ApiKey, Limits, User
from accounts.services import KeyLimits, create_api_key
from jobs.models import Job, KeyUploadWindow, UploadWindow
from jobs.services import cancel_job
from tests.api.client import Api, assert_refused
from tests.factories import finish_job, make_job, make_picture

pytestmark = pytest.mark.django_db


def make_caller(user: User, **limits: int) -> Api:
    """Somebody with a key that has these limits."""
    caller = Api(None)
    _, raw = create_api_key(user, name="limited", scopes=["read", "write"], limits=KeyLimits(**limits))
    caller.headers["Authorization"] = f"Bearer {raw}"
    return caller


def send(api: Api, number: int = 0):
    return api.upload(make_picture(number))


def read_headers(response) -> tuple[int, int]:
    return int(response["X-RateLimit-Limit"]), int(response["X-RateLimit-Remaining"])


def test_it_works(alice):
    limited = make_caller(alice, uploads_per_minute=2)

    answers = [send(limited, number) for number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [read_headers(answer) for answer in answers] == [(2, 1), (2, 0), (2, 0)]
    body = assert_refused(answers[2], 429, "rate_limited")
    assert body["details"] == {"limit": 2, "period_seconds": 60, "limit_of": "key"}
    assert "with this API key" in body["message"]
    assert 1 <= int(answers[2]["Retry-After"]) <= 60


def test_other_keys_and_the_page_go_on(api, alice, page: Client):
    limited = make_caller(alice, uploads_per_minute=1)
    send(limited, 0), send(limited, 1)

    assert send(api, 2).status_code == 200
    assert page.post("/upload/", {}).status_code == 400
    assert send(make_caller(alice, uploads_per_minute=1), 3).status_code == 200


def test_what_a_key_is_refused_does_not_count_for_its_user(alice):
    limited = make_caller(alice, uploads_per_minute=1)
    for number in range(4):
        send(limited, number)

    assert len(UploadWindow.objects.get(owner=alice).times) == 1
    assert len(KeyUploadWindow.objects.get().times) == 1


def test_the_users_limit_holds_too(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (2, 60)
    limited = make_caller(alice, uploads_per_minute=5)
    first, _, refused = send(limited, 0), send(api, 1), send(limited, 2)

    assert read_headers(first) == (2, 1)
    assert_refused(refused, 429, "rate_limited")
    assert refused.json()["details"]["limit_of"] == "user"
    assert read_headers(refused) == (2, 0)
    assert len(KeyUploadWindow.objects.get().times) == 1


def test_the_nearer_limit_is_told(api, alice, settings):
    settings.RATE_LIMIT_UPLOAD = (4, 60)
    limited = make_caller(alice, uploads_per_minute=2)

    answers = [send(api, 0), send(limited, 1), send(api, 2), send(limited, 3)]

    assert [read_headers(answer) for answer in answers] == [(4, 3), (2, 1), (4, 1), (4, 0)]


def test_a_key_without_limits_has_no_window(api):
    send(api)
    assert not KeyUploadWindow.objects.exists()


def test_active_generations(api, alice):
    limited = make_caller(alice, active_generations=1)
    assert send(limited, 0).status_code == 200

    refused = send(limited, 1)

    body = assert_refused(refused, 429, "too_many_active_generations")
    assert body["details"] == {"limit": 1, "active": 1, "limit_of": "key"}
    assert read_headers(refused) == (1, 0)
    assert send(api, 2).status_code == 200


def test_only_work_of_the_key_counts_for_it(api, alice):
    make_job(alice, pictures=3, first=20)
    send(api, 0)

    assert send(make_caller(alice, active_generations=1), 1).status_code == 200


def test_what_is_over_makes_room(alice):
    limited = make_caller(alice, active_generations=1)
    send(limited, 0)
    finish_job(Job.objects.get())

    assert send(limited, 1).status_code == 200


def test_the_nearer_limit_refuses(alice):
    Limits.objects.create(user=alice, active_generations=2)
    limited = make_caller(alice, active_generations=4)

    body = assert_refused(limited.upload(*(make_picture(number) for number in range(5))), 429,
                          "too_many_active_generations")  # fmt: skip

    assert body["details"] == {"limit": 2, "active": 0, "limit_of": "user"}


def test_every_call_that_makes_a_job_keeps_to_it(alice):
    limited = make_caller(alice, active_generations=1)
    file_id = send(limited, 0).json()["uploaded_files"][0]["file_id"]

    answers = [
        limited.post("/api/v1/jobs", {"images": [file_id]}),
        limited.post("/api/v1/models/generate", {"file_id": file_id}),
        limited.send("/api/v1/upload/image", ("file", "a.png", make_picture(3))),
    ]

    for answer in answers:
        assert assert_refused(answer, 429, "too_many_active_generations")["details"]["limit_of"] == "key"


def test_running_again_keeps_to_it(api, alice):
    """Whoever asks: the work is the key's."""
    limited = make_caller(alice, active_generations=1)
    first = Job.objects.get(pk=send(limited, 0).json()["job_id"])
    cancel_job(first, actor="alice")
    send(limited, 1)

    refused = api.post(f"/api/v1/jobs/{first.pk}/retry")

    assert assert_refused(refused, 429, "too_many_active_generations")["details"]["limit_of"] == "key"


def test_a_limited_key_makes_no_keys(api, alice):
    limited = make_caller(alice, uploads_per_minute=1)

    assert_refused(limited.post("/api/v1/keys", {"name": "more"}), 403, "permission_denied")
    assert api.post("/api/v1/keys", {"name": "more"}).status_code == 201


def test_the_account_tells(api, alice):
    limited = make_caller(alice, uploads_per_minute=5, active_generations=2)
    send(limited, 0), send(api, 1)

    told = limited.get("/api/v1/account").json()

    assert told["active_generations"] == 2
    assert told["key"] == {
        "id": str(ApiKey.objects.get(name="limited").pk),
        "name": "limited",
        "limits": {"uploads_per_minute": 5, "active_generations": 2},
        "active_generations": 1,
    }
    assert api.get("/api/v1/account").json()["key"]["limits"] == {
        "uploads_per_minute": None,
        "active_generations": None,
    }


def test_a_page_has_no_key(page: Client):
    assert page.get("/api/v1/account").json()["key"] is None


def test_a_job_outlives_its_key(alice):
    limited = make_caller(alice, active_generations=1)
    send(limited, 0)

    ApiKey.objects.get(name="limited").delete()

    assert Job.objects.get().api_key is None
