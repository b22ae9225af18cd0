"""GET /health, /api/v1/health and what lies below it"""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from image2model.version import VERSION
from jobs.models import Generation, Lease, Provider, WorkerHeartbeat
from jobs.queue import get_connection
from jobs.services import runs
from jobs.services.processes import hold_lease
from tests.api.client import Api
from tests.factories import claim, make_job

DETAILED = "/api/v1/health/detailed"


ALL_QUEUES = ("local", "post", "watch")


def note_workers(*queues: str) -> None:
    """As a running portal has them; whoever watches holds the lease."""
    for queue in queues:
        WorkerHeartbeat.objects.create(name=f"{queue}-1", queue=queue, pid=1, host="here", version=VERSION)
    if "watch" in queues:
        hold_lease("watcher", holder="watch-1", seconds=60)


def name_unwell(body) -> dict[str, str]:
    return {name: found["status"] for name, found in body["components"].items() if found["status"] != "healthy"}


@pytest.mark.parametrize("path", ["/health", "/health/", "/api/v1/health", "/api/v1/health/"])
def test_it_works_without_anything(path: str, monkeypatch) -> None:
    """No database mark: a look at the database would fail the test."""
    monkeypatch.setattr("jobs.queue.get_connection", lambda: 1 / 0)

    response = Api(None).get(path, headers={"Authorization": "Bearer nonsense"})

    body = response.json()
    assert response.status_code == 200
    assert (body["status"], body["service"], body["version"]) == ("healthy", "image2model", VERSION)
    assert body["timestamp"].endswith("Z")
    assert response["X-Request-ID"]


def test_it_is_alive() -> None:
    assert Api(None).get("/api/v1/health/liveness").json() == {"status": "alive"}


def test_it_takes_no_other_method() -> None:
    response = Api(None).post("/health")

    assert response.status_code == 405
    assert response.json()["error_code"] == "method_not_allowed"
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.django_db(transaction=True)
def test_it_is_ready() -> None:
    body = Api(None).get("/api/v1/health/readiness").json()

    assert body["status"] == "ready"
    assert body["failed"] == []
    assert {name: found["status"] for name, found in body["components"].items()} == {
        "database": "healthy",
        "storage": "healthy",
    }
    assert not default_storage.listdir("health")[1]


@pytest.mark.django_db(transaction=True)
def test_it_is_not_ready_without_storage(monkeypatch) -> None:
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", fail)
    response = Api(None).get("/api/v1/health/readiness")

    assert response.status_code == 503
    assert response.json()["status"] == "not_ready"
    assert response.json()["failed"] == ["storage"]
    assert response["Retry-After"]


@pytest.mark.django_db(transaction=True)
def test_it_tells_strangers_no_details(nobody: Api) -> None:
    note_workers(*ALL_QUEUES)

    response = nobody.get(DETAILED)

    body = response.json()
    assert response.status_code == 200
    assert body["status"] == "healthy"
    assert body["workers"] == 3
    assert body["system"] == {}
    assert set(body["components"]) == {"database", "redis", "workers", "queue", "storage", "fal_api"}
    for found in body["components"].values():
        assert set(found) == {"status", "response_time_ms"}
        assert found["response_time_ms"] > 0


@pytest.mark.django_db(transaction=True)
def test_it_tells_users_details(api: Api, alice) -> None:
    note_workers(*ALL_QUEUES)
    make_job(alice, pictures=2)

    body = api.get(DETAILED).json()

    assert body["components"]["queue"]["details"]["waiting"] == 2
    assert body["components"]["workers"]["details"]["alive"] == {"local": 1, "post": 1, "watch": 1}
    assert body["components"]["storage"]["details"]["free_bytes"] > 0
    assert body["system"]["cpu_count"] >= 1
    assert body["uptime_seconds"] > 0


@pytest.mark.django_db(transaction=True)
def test_a_bad_key_is_a_stranger(nobody: Api) -> None:
    assert nobody.get(DETAILED, headers={"Authorization": "Bearer nonsense"}).status_code == 401


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_without_redis_it_names_redis_alone(nobody: Api, monkeypatch) -> None:
    note_workers(*ALL_QUEUES)
    monkeypatch.setattr("jobs.queue.get_connection", lambda: Redis(port=1, retry=Retry(NoBackoff(), 0)))

    response = nobody.get(DETAILED)

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert name_unwell(response.json()) == {"redis": "unhealthy"}
    assert get_connection().ping()  # the real one is untouched


@pytest.mark.django_db(transaction=True)
def test_without_workers_it_names_workers_alone(nobody: Api) -> None:
    response = nobody.get(DETAILED)

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert name_unwell(response.json()) == {"workers": "unhealthy"}


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_nobody_hears_is_named(api: Api) -> None:
    note_workers("local", "watch")

    body = api.get(DETAILED).json()

    assert name_unwell(body) == {"workers": "degraded"}
    assert body["components"]["workers"]["details"]["missing"] == ["post"]


@pytest.mark.django_db(transaction=True)
def test_a_watcher_that_does_not_watch_is_named(api: Api) -> None:
    note_workers(*ALL_QUEUES)
    Lease.objects.update(until="2020-01-01T00:00:00Z")

    body = api.get(DETAILED).json()

    assert name_unwell(body) == {"workers": "degraded"}
    assert body["components"]["workers"]["details"]["watched"] is False


@pytest.mark.django_db(transaction=True)
def test_a_worker_of_another_version_is_named(api: Api) -> None:
    note_workers(*ALL_QUEUES)
    WorkerHeartbeat.objects.filter(queue="post").update(version="0.0.1")

    body = api.get(DETAILED).json()

    assert name_unwell(body) == {"workers": "unhealthy"}
    assert body["components"]["workers"]["details"]["other_versions"] == ["0.0.1"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"breaker": "open"}, "unhealthy"),
        ({"breaker": "half_open"}, "degraded"),
        ({"paused_reason": "balance"}, "unhealthy"),
        ({}, "healthy"),
    ],
)
def test_it_tells_how_fal_is(api: Api, facts: dict[str, str], expected: str) -> None:
    note_workers(*ALL_QUEUES, "fal")
    Provider.objects.create(name="fal", engines=["tripo-v2.5"], **facts)

    response = api.get(DETAILED)

    assert response.status_code == 200  # the local engine works on
    assert response.json()["components"]["fal_api"]["status"] == expected
    assert response.json()["components"]["fal_api"]["details"]["offered"] is True


@pytest.mark.django_db(transaction=True)
def test_fal_on_offer_needs_its_worker(api: Api) -> None:
    note_workers(*ALL_QUEUES)
    Provider.objects.create(name="fal", engines=["tripo-v2.5"])

    assert api.get(DETAILED).json()["components"]["workers"]["details"]["missing"] == ["fal"]


@pytest.mark.django_db(transaction=True)
def test_without_storage_it_names_storage_alone(nobody: Api, monkeypatch) -> None:
    def fail(*_, **__):
        raise OSError(30, "Read-only file system")

    note_workers(*ALL_QUEUES)
    monkeypatch.setattr(default_storage, "save", fail)

    response = nobody.get(DETAILED)

    assert response.status_code == 503
    assert response["Retry-After"]
    assert name_unwell(response.json()) == {"storage": "unhealthy"}


@pytest.mark.database
def test_without_a_database_it_names_the_database_alone(monkeypatch) -> None:
    def fail(*_, **__):
        raise OperationalError("the database is gone")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", fail)

    response = Api(None).get(DETAILED, headers={"Authorization": "Bearer i2m_whatever"})

    unwell = name_unwell(response.json())
    assert response.status_code == 503
    assert [name for name, status in unwell.items() if status == "unhealthy"] == ["database"]
    assert set(unwell) == {"database", "workers", "queue", "fal_api"}


@pytest.mark.django_db(transaction=True)
def test_an_old_generation_that_runs_again_is_not_late(api: Api, alice) -> None:
    note_workers(*ALL_QUEUES)
    job = make_job(alice)
    generation = claim(job)
    runs.hand_back(generation, reason="its worker was lost")
    Generation.objects.update(created_at="2020-01-01T00:00:00Z")

    details = api.get(DETAILED).json()["components"]["queue"]

    assert details["status"] == "healthy"
    assert details["details"]["oldest_seconds"] < 60


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_fell_silent_is_not_alive(api: Api) -> None:
    note_workers(*ALL_QUEUES)
    WorkerHeartbeat.objects.update(beat_at="2020-01-01T00:00:00Z")

    assert api.get(DETAILED).json()["workers"] == 0


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_long_is_told(api: Api, alice) -> None:
    note_workers(*ALL_QUEUES)
    make_job(alice)
    Generation.objects.update(created_at="2020-01-01T00:00:00Z")

    body = api.get(DETAILED).json()

    assert body["status"] == "degraded"
    assert body["components"]["queue"]["status"] == "degraded"
