"""``Prefer: wait=n``: how long does a caller wait for the job it makes?"""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from image2model.asgi import application
from image2model.handler import MOST_IDLE
from jobs.live import hub
from jobs.models import Job
from jobs.services import cancel_job, delete_job
from tests.api.client import BOUNDARY, encode_form
from tests.factories import finish_job, make_job, make_picture
from tests.live.client import Stream, bearer, make_scope
from tests.running import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
UPLOAD = "/api/v1/upload"


class Call(Stream):
    """A POST with a body that is read once; then the caller stays on the line."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    async def receive(self):
        if self.body is None:
            return await super().receive()
        body, self.body = self.body, None
        return {"type": "http.request", "body": body, "more_body": False}


@asynccontextmanager
async def open_call(path: str, headers: dict[str, str], body: bytes):
    call = Call(body)
    headers = {"content-length": str(len(body)), **headers}
    app = asyncio.create_task(application(make_scope(path, headers, method="POST"), call.receive, call.send))
    try:
        yield call
    finally:
        call.left.set()
        await asyncio.wait_for(app, 20)


@pytest.fixture
async def key(alice):
    yield await sync_to_async(bearer)(alice, scopes=["write"])
    await sync_to_async(connections.close_all)()  # of the thread in which the tests look at the rows


def open_upload(key, *, wait: str = "wait=20", path: str = UPLOAD, name: str = "files", number: int = 0, **headers):
    body = encode_form(((name, "a.png", make_picture(number)),))
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return open_call(path, {**key, "content-type": kind, "prefer": wait, **headers}, body)


async def find_job() -> Job:
    def look():
        return Job.objects.order_by("created_at").last()

    return await sync_to_async(lambda: wait_until(look, what="the job"))()


async def until_somebody_waits_for(job: Job) -> None:
    async with asyncio.timeout(60):
        while str(job.pk) not in hub.find_hub()._topics:
            await asyncio.sleep(0.01)  # the pace of asking


async def test_it_works(alice, key):
    async with open_upload(key) as call:
        job = await find_job()
        assert not call.status  # nothing is said before the job is over
        await sync_to_async(finish_job)(job)
        await call.wait_for_end()

    assert call.status == 200
    assert call.json()["status"] == "completed"
    assert call.json()["job_id"] == str(job.pk)
    [generation] = call.json()["job"]["generations"]
    assert [file["format"] for file in generation["files"] if file["role"] == "model"] == ["glb"]
    assert all(file["url"].startswith("http://") for file in generation["files"])
    assert call.headers["preference-applied"] == "wait=20"
    assert int(call.headers["content-length"]) == len(call.text.encode())
    assert call.headers["x-ratelimit-limit"] == "60"


async def test_time_is_up(key):
    started = time.monotonic()
    async with open_upload(key, wait="wait=1") as call:
        await call.wait_for_end()

    assert time.monotonic() - started >= 1
    assert (call.status, call.json()["status"]) == (200, "queued")
    assert call.json()["job"]["status"] == "queued"
    assert call.headers["preference-applied"] == "wait=1"


async def test_a_job_of_stored_pictures_is_shown_whole(alice, key):
    first = await sync_to_async(make_job)(alice)
    image = await sync_to_async(lambda: first.generations.get().inputs.get().image_id)()
    await sync_to_async(finish_job)(first)
    body = json.dumps({"images": [str(image)]}).encode()
    async with open_call(
        "/api/v1/jobs/", {**key, "content-type": "application/json", "prefer": "wait=20"}, body
    ) as call:
        job = await sync_to_async(
            lambda: wait_until(lambda: Job.objects.exclude(pk=first.pk).first(), what="the job")
        )()
        await sync_to_async(finish_job)(job)
        await call.wait_for_end()

    told = call.json()
    assert (call.status, told["status"], told["progress"]) == (201, "completed", 100)
    assert call.headers["location"] == told["urls"]["self"] == f"http://testserver/api/v1/jobs/{job.pk}"
    assert told["generations"][0]["files"][0]["url"].startswith("http://testserver/api/v1/download/")


@pytest.mark.parametrize("path", ["/api/v1/upload/image", "/api/v1/upload/image/"])
async def test_other_calls_wait_too(key, path):
    async with open_upload(key, path=path, name="file") as call:
        job = await find_job()
        await sync_to_async(cancel_job)(job, actor="")
        await call.wait_for_end()

    assert call.json()["status"] == "cancelled"


async def test_old_clients_wait_too(alice, key):
    first = await sync_to_async(make_job)(alice)
    image = await sync_to_async(lambda: first.generations.get().inputs.get().image_id)()
    body = json.dumps({"file_id": str(image)}).encode()
    headers = {**key, "content-type": "application/json", "prefer": "wait=1"}
    async with open_call("/api/v1/models/generate", headers, body) as call:
        await call.wait_for_end()

    assert (call.json()["status"], call.headers["preference-applied"]) == ("queued", "wait=1")


@pytest.mark.parametrize("wait", ["respond-async, wait=300", 'Wait="61"', "wait = 60", "foo; bar=1, wait=999999999"])
async def test_sixty_seconds_are_the_most(alice, key, wait):
    async with open_upload(key, wait=wait) as call:
        await sync_to_async(finish_job)(await find_job())
        await call.wait_for_end()

    assert call.headers["preference-applied"] == "wait=60"


@pytest.mark.parametrize(
    "wait", ["", "wait", "wait=", "wait=-1", "wait=abc", "wait=0", "wait=1.5", "await=5", "return"]
)
async def test_what_cannot_be_read_is_no_preference(key, wait):
    async with open_upload(key, wait=wait) as call:
        await call.wait_for_end()

    assert (call.status, call.json()["status"]) == (200, "queued")
    assert "preference-applied" not in call.headers


async def test_refusals_come_at_once(key):
    async with open_upload(key, name="other") as call:
        await call.wait_for_end()

    assert call.status == 400
    assert "preference-applied" not in call.headers


async def test_a_repeated_request_waits_for_the_same_job(key):
    again = {"idempotency-key": str(uuid4())}
    async with open_upload(key, wait="wait=1", **again) as first:
        await first.wait_for_end()
    async with open_upload(key, **again) as second:
        await sync_to_async(finish_job)(await find_job())
        await second.wait_for_end()

    assert first.json()["job_id"] == second.json()["job_id"]
    assert second.json()["status"] == "completed"


async def test_a_job_that_is_deleted_meanwhile(key):
    async with open_upload(key) as call:
        await sync_to_async(delete_job)(await find_job(), actor="")
        await call.wait_for_end()

    assert call.status == 200


async def test_a_caller_who_leaves_does_not_keep_us(key):
    async with open_upload(key, wait="wait=60"):
        job = await find_job()
        await until_somebody_waits_for(job)
    # leaving the block waits for the application, and it has ended


async def test_many_who_wait_hold_neither_threads_nor_connections(alice, key, settings):
    calls = [open_upload(key, wait="wait=60", number=number) for number in range(20)]
    opened = [await call.__aenter__() for call in calls]

    def all_are_made() -> bool:
        return Job.objects.count() == len(calls)

    await sync_to_async(lambda: wait_until(all_are_made, what="the jobs"))()
    await sync_to_async(
        lambda: wait_until(lambda: count_own_connections() <= 3 + MOST_IDLE, what="the connections to be closed")
    )()
    for job in await sync_to_async(lambda: list(Job.objects.all()))():
        await until_somebody_waits_for(job)
    assert not any(call.status for call in opened)
    threads = [thread.name for thread in threading.enumerate()]
    assert sum(name.startswith("request") for name in threads) <= MOST_IDLE, threads
    assert len(threads) < 15 + MOST_IDLE, threads  # and the pool of look-ups, not one for each caller

    for call in calls:
        await call.__aexit__(None, None, None)


def count_own_connections() -> int:
    """Of all threads of this process to the database, this one included."""
    found = [entry for entry in gc.get_objects() if issubclass(type(entry), BaseDatabaseWrapper)]
    return sum(entry.connection is not None for entry in found)
