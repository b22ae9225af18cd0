"""Does every FAL engine work from upload to stored model, with the real processes and the unmodified client?

The virtual FAL stands in through a proxy, as ``bin/up --virtual-fal`` sets it up: nothing of the product is patched.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis import Redis

from jobs import catalog
from tests.factories import make_picture
from tests.running import SAMPLES, Product, run_product, upload, wait_for_job, wait_until
from tests.virtual_fal.running import VirtualFal, run_virtual_fal

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

FAL_ENGINES = [entry.id for entry in catalog.ENGINES.values() if entry.provider == "fal"]


@pytest.fixture(scope="module")
def fal() -> Iterator[VirtualFal]:
    with run_virtual_fal(proxy_port=0, run_seconds=0.5, concurrency=0) as running:
        yield running


@pytest.fixture(scope="module")
def portal(fal: VirtualFal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    settings = {**fal.environment(), "FAL_CONCURRENCY": "40"}
    with run_product(tmp_path_factory.mktemp("portal"), **settings) as running:
        with running.client() as client:
            wait_until(lambda: count_offered(client) == len(FAL_ENGINES), what="the offer of FAL's engines")
        yield running


def count_offered(client: httpx.Client) -> int:
    return sum(entry["provider"] == "fal" for entry in client.get("/api/v1/models/available").json())


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    for number in range(4):
        (tmp_path / f"blob-{number}.png").write_bytes(make_picture(number, size=512))
    return sorted(tmp_path.iterdir())


def list_views(engine: catalog.EngineEntry) -> list[str]:
    """As many sides as the engine wants at least."""
    others = [view for view in engine.views if view != "front" and view not in engine.required_views]
    wanted = ["front", *(view for view in engine.required_views if view != "front"), *others]
    return wanted[: max(1, engine.min_images, len(engine.required_views))]


def test_every_engine_makes_a_model(portal: Product, fal: VirtualFal, pictures: list[Path]):
    with portal.client() as client:
        waiting = {}
        for engine_id in FAL_ENGINES:
            views = list_views(catalog.ENGINES[engine_id])
            accepted = upload(client, pictures[: len(views)], engine=engine_id, views=",".join(views))
            waiting[engine_id] = accepted["job_id"]
        jobs = {engine_id: wait_for_job(client, job_id) for engine_id, job_id in waiting.items()}
    failed = {name: job["generations"][0]["error"] for name, job in jobs.items() if job["status"] != "completed"}
    assert failed == {}
    for job in jobs.values():
        roles = {(entry["role"], entry["format"]) for entry in job["generations"][0]["files"]}
        assert {("model", "glb"), ("preview", "webp")} <= roles


def test_the_thirteen_pictures_cost_thirteen_submits(portal: Product, fal: VirtualFal, pictures: list[Path]):
    chosen = sorted(SAMPLES.glob("*.png")) if SAMPLES.exists() else pictures
    fal.reset()
    with portal.client() as client:
        job = wait_for_job(client, upload(client, chosen)["job_id"])
    assert job["counts"]["completed"] == len(chosen)
    assert len(fal.ledger()["submits"]) == len(chosen)
    assert job["cost"]["actual"] == f"{len(chosen) * catalog.ENGINES['tripo-v2.5'].price:.2f}"


def test_cancel_reaches_fal(portal: Product, fal: VirtualFal, pictures: list[Path]):
    fal.reset()
    fal.script({"run_seconds": 30})
    with portal.client() as client:
        job_id = upload(client, pictures[:1])["job_id"]
        wait_until(lambda: fal.ledger()["submits"], what="the submit")
        wait_until(lambda: stage_of(client, job_id) in ("generating", "in_engine_queue"), what="the work at FAL")
        assert client.post(f"/api/v1/jobs/{job_id}/cancel").json()["status"] == "cancelled"
        wait_until(lambda: called(fal, "cancel"), what="the cancel at FAL")


def stage_of(client: httpx.Client, job_id: str) -> str:
    return client.get(f"/api/v1/jobs/{job_id}").json()["generations"][0]["stage"]


def called(fal: VirtualFal, step: str) -> bool:
    return any(request.get("step") == step for request in fal.ledger()["requests"])


def test_a_failure_is_told_and_a_retry_pays_anew(portal: Product, fal: VirtualFal, pictures: list[Path]):
    fal.reset()
    fal.script("result-internal-server-error", count=1)
    with portal.client() as client:
        job_id = upload(client, pictures[:1])["job_id"]
        failed = wait_for_job(client, job_id)
        assert failed["status"] == "failed"
        assert failed["generations"][0]["error"]["retryable"] is True
        client.post(f"/api/v1/jobs/{job_id}/retry")
        assert wait_for_job(client, job_id)["status"] == "completed"
    assert len(fal.ledger()["submits"]) == 2


def test_the_local_engine_takes_over_when_asked_to(portal: Product, fal: VirtualFal, pictures: list[Path]):
    fal.reset()
    fal.script("result-internal-server-error")
    with portal.client() as client:
        job = wait_for_job(client, upload(client, pictures[:1], fallback="local")["job_id"])
    assert job["status"] == "completed"
    assert job["generations"][0]["engine"]["id"] == "local"


@pytest.fixture
def secret(fal: VirtualFal) -> bytes:
    secret = fal.key.partition(":")[2].encode()
    assert len(secret) >= 8
    return secret


def test_the_key_is_nowhere(portal: Product, secret: bytes):
    """In no log line, row or file of the product, after all of the above."""
    assert secret not in "".join(portal.lines).encode()
    for path in portal.data_dir.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes(), path


def test_the_key_is_not_in_redis(portal: Product, secret: bytes):
    with Redis.from_url(portal.environment["REDIS_URL"]) as store:
        keys = list(store.scan_iter())
        assert keys, "nothing was looked at"
        for key in keys:
            assert secret not in key
            assert secret not in (store.dump(key) or b""), key  # short values are not packed


def test_only_those_who_call_fal_have_the_key(portal: Product, secret: bytes):
    """The web process faces the world, and the workers that read strangers' files need it as little."""
    holders = {name for name in PROCESSES if any(holds(pid, secret) for pid in portal.find(name))}
    assert all(portal.find(name) for name in PROCESSES)
    assert holders == {"work fal watch"}
    assert not any(secret in command.encode() for command in portal.processes().values())


PROCESSES = ("uvicorn", "work local", "work post", "work fal watch", "valkey-server")


def holds(pid: int, secret: bytes) -> bool:
    return secret in Path(f"/proc/{pid}/environ").read_bytes()


ANSWERS = (
    "/api/v1/models/available", "/api/v1/jobs", "/api/v1/account", "/api/v1/usage", "/health", "/api/schema",
)  # fmt: skip


def test_the_key_is_in_no_answer(portal: Product, secret: bytes):
    with portal.client() as client:
        for job in client.get("/api/v1/jobs").json()["results"]:
            assert secret not in client.get(f"/api/v1/jobs/{job['job_id']}").content
        for address in ANSWERS:
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert secret not in answer.content, address
