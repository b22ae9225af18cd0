"""GET /api/v1/health/metrics"""

from __future__ import annotations

import subprocess
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from image2model.ops import meters
from jobs.models import LedgerEntry, Provider
from jobs.services import cancel_job, runs
from tests.api.client import Api, assert_refused
from tests.factories import claim, finish_job, make_job
from tests.ops.asgi import ask
from tests.watching.promtool import ask_product, find_promtool

METRICS = "/api/v1/health/metrics"
CONTRACT = [
    "http_requests_total",
    "http_request_duration_seconds",
    "rq_jobs_total",
    "rq_queue_depth",
    "active_jobs_total",
    "generations_total",
    "generation_duration_seconds",
    "generations_in_flight",
    "fal_api_requests_total",
    "fal_api_request_duration_seconds",
    "fal_spend_usd_total",
    "circuit_breaker_state",
    "stream_connections",
    "system_cpu_usage_percent",
    "system_memory_usage_percent",
    "system_disk_usage_percent",
    "redis_memory_used_bytes",
    "redis_memory_max_bytes",
    "database_connections",
]

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read_samples(text: str) -> Samples:
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def read(api: Api) -> Samples:
    return read_samples(api.get(METRICS).content.decode())


def find(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0)


@pytest.mark.django_db(transaction=True)
def test_it_works(nobody: Api) -> None:
    response = nobody.get(METRICS)

    text = response.content.decode()
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    types = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE"))
    assert set(CONTRACT) <= set(types)
    assert find(read_samples(text), "metrics_source_up", source="redis") == 1


@pytest.mark.django_db(transaction=True)
def test_it_passes_the_linter(nobody: Api, alice) -> None:
    make_job(alice)
    meters.note_request(method="GET", route="start", status=200, seconds=0.1)
    meters.note_provider_call("status", "200", 0.1)
    text = nobody.get(METRICS).content

    for family in text_string_to_metric_families(text.decode()):
        assert family.documentation, family.name
        assert family.type != "counter" or all(s.name.endswith("_total") for s in family.samples)


@pytest.mark.django_db(transaction=True)
def test_prometheus_own_tool_finds_nothing() -> None:
    checked = subprocess.run(
        [find_promtool(), "check", "metrics"], input=ask_product().encode(), capture_output=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.django_db(transaction=True)
def test_generations_are_counted_as_they_end(nobody: Api, alice) -> None:
    before = read(nobody)
    finish_job(make_job(alice, pictures=2))
    job = make_job(alice, first=2)
    runs.fail_generation(claim(job), failure=runs.Failure(code="no_object", message="Nothing there."))
    cancel_job(make_job(alice, first=3), actor="alice")
    make_job(alice, first=4)

    after = read(nobody)

    def grown(name: str, **labels: str) -> float:
        return find(after, name, **labels) - find(before, name, **labels)

    assert grown("generations_total", engine="local", status="completed") == 2
    assert grown("generations_total", engine="local", status="failed") == 1
    assert grown("generations_total", engine="local", status="cancelled") == 1
    assert grown("generation_duration_seconds_count", engine="local", status="completed") == 2
    assert find(after, "generations_in_flight", engine="local", status="queued") == 1
    assert find(after, "active_jobs_total") == 1


@pytest.mark.django_db(transaction=True)
def test_counts_stay_when_jobs_are_deleted(nobody: Api, api: Api, alice) -> None:
    job = finish_job(make_job(alice))
    before = read(nobody)
    api.delete(f"/api/v1/jobs/{job.pk}")

    name = "generations_total"
    assert find(read(nobody), name, engine="local", status="completed") == find(
        before, name, engine="local", status="completed"
    )


@pytest.mark.django_db(transaction=True)
def test_it_tells_what_fal_costs_and_how_it_is(nobody: Api, alice) -> None:
    Provider.objects.create(name="fal", engines=["tripo-v2.5"], breaker="open", paused_reason="balance")
    job = make_job(alice)
    for state, amount in (("actual", "0.30"), ("actual", "0.45"), ("held", "9"), ("released", "9")):
        LedgerEntry.objects.create(
            owner=alice, job_id=job.pk, generation_id=job.generations.get().pk, engine="tripo-v2.5",
            amount=Decimal(amount), state=state,
        )  # fmt: skip

    samples = read(nobody)

    assert find(samples, "fal_spend_usd_total") == pytest.approx(0.75)
    assert find(samples, "circuit_breaker_state", provider="fal") == 2
    assert find(samples, "provider_paused", provider="fal") == 1


@pytest.mark.django_db(transaction=True)
async def test_requests_are_counted_by_route(db) -> None:
    async def count() -> float:
        text = (await ask(METRICS)).body.decode()
        return find(read_samples(text), "http_requests_total", method="GET", route="api/v1/jobs", status="401")

    before = await count()
    for path in ("/api/v1/jobs", "/api/v1/jobs/", "/api/v1/jobs?limit=3"):
        await ask(path)

    assert await count() == before + 3


@pytest.mark.django_db(transaction=True)
async def test_labels_are_bounded(db) -> None:
    async def read_requests() -> tuple[set[Any], str]:
        text = (await ask(METRICS)).body.decode()
        return {key for key in read_samples(text) if key[0] == "http_requests_total"}, text

    before, _ = await read_requests()
    for number in range(20):
        await ask(f"/nowhere/{number}", method=f"METHOD{number}")
        await ask(f"/api/v1/generations/{number}")
    after, text = await read_requests()

    assert len(after - before) <= 4
    assert "METHOD" not in text
    assert "nowhere" not in text


@pytest.mark.django_db(transaction=True)
def test_open_streams_are_counted(nobody: Api) -> None:
    before = find(read(nobody), "stream_connections", transport="sse")
    with meters.count_stream("sse"), meters.count_stream("sse"):
        assert find(read(nobody), "stream_connections", transport="sse") == before + 2
    assert find(read(nobody), "stream_connections", transport="sse") == before


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_rest_is_told(nobody: Api, monkeypatch) -> None:
    monkeypatch.setattr("jobs.queue.get_connection", lambda: Redis(port=1, socket_connect_timeout=1))

    samples = read(nobody)

    assert find(samples, "metrics_source_up", source="redis") == 0
    assert find(samples, "metrics_source_up", source="work") == 1
    assert ("active_jobs_total", frozenset()) in samples


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("header", "status"),
    [("Bearer the-right-token", 200), ("bearer the-right-token", 200), ("Bearer wrong", 401), ("", 401), (None, 401)],
)
def test_it_needs_the_token_where_one_is_set(nobody: Api, settings, header: str | None, status: int) -> None:
    settings.METRICS_TOKEN = "the-right-token"

    response = nobody.get(METRICS, headers={"Authorization": header} if header is not None else {})

    assert response.status_code == status
    if status == 401:
        assert_refused(response, 401, "not_authenticated" if header is None else "invalid_api_key")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accept", ["text/plain", "*/*", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"])
def test_it_is_text_whatever_prometheus_accepts(nobody: Api, accept: str) -> None:
    assert nobody.get(METRICS, headers={"Accept": accept}).status_code == 200
