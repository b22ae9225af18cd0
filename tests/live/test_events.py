"""``GET /api/v1/jobs/{id}/events``: what does a listener hear?"""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from accounts.access import make_access_token
from jobs.live import doors, hub
from jobs.models import Job
from jobs.services import cancel_job, delete_job, retry_job, runs
from jobs.states import Stage
from tests.factories import claim, finish_job, make_job
from tests.live.client import bearer, open_stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

in_thread = sync_to_async(thread_sensitive=True)


async def prepare(owner, **options):
    job = await sync_to_async(make_job)(owner, **options)
    return job, await sync_to_async(bearer)(owner), f"/api/v1/jobs/{job.pk}/events"


async def test_it_works(alice):
    job, key, url = await prepare(alice, pictures=2)
    async with open_stream(url, key) as stream:
        first = (await stream.wait_for_frames(1))[0]
        await sync_to_async(finish_job)(job)
        frames = await stream.wait_for_end()
    assert stream.status == 200
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert (stream.headers["cache-control"], stream.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert stream.text.startswith("retry: 3000\n\n")
    assert (first["event"], first["data"]["status"], first["data"]["total_files"]) == ("task_queued", "queued", 2)
    assert frames[-1]["event"] == "task_completed"
    assert frames[-1]["data"]["summary"] == {"total_files": 2, "successful_files": 2, "failed_files": 0}
    ids = [frame["id"] for frame in frames]
    assert ids == sorted(set(ids))
    progress = [frame["data"]["progress"] for frame in frames]
    assert progress == sorted(progress)


async def test_a_late_listener_gets_the_present_state_at_once(alice):
    job, key, url = await prepare(alice)
    generation = await sync_to_async(claim)(job)
    await sync_to_async(runs.record_progress)(generation, stage=Stage.GENERATING, percent=40)
    async with open_stream(url, key) as stream:
        frame = (await stream.wait_for_frames(1))[0]
    assert (frame["event"], frame["data"]["progress"]) == ("task_progress", 40)
    assert frame["data"]["generations"][0]["stage"] == "generating"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_both_forms_of_the_address_answer(alice, slash):
    _, key, url = await prepare(alice)
    async with open_stream(url + slash, key) as stream:
        assert stream.status == 200


async def test_nothing_new_means_no_frame(alice):
    job, key, url = await prepare(alice)
    version = (await Job.objects.aget(pk=job.pk)).version
    async with open_stream(f"{url}?last_event_id={version}", key) as stream:
        await sync_to_async(cancel_job)(job, actor="a")
        frames = await stream.wait_for_end()
    assert [frame["event"] for frame in frames] == ["task_cancelled"]


async def test_something_newer_is_one_snapshot(alice):
    job, key, url = await prepare(alice, pictures=3)
    await sync_to_async(finish_job)(job)
    async with open_stream(url, {**key, "last-event-id": "1"}) as stream:
        frames = await stream.wait_for_end()
    assert [frame["event"] for frame in frames] == ["task_completed"]


async def test_a_finished_job_that_was_heard_to_the_end_is_204(alice):
    job, key, url = await prepare(alice)
    version = (await sync_to_async(finish_job)(job)).version
    async with open_stream(url, {**key, "last-event-id": str(version)}) as stream:
        assert stream.status == 204


async def test_a_retry_is_heard_as_such(alice):
    job, key, url = await prepare(alice)
    await sync_to_async(cancel_job)(job, actor="a")
    await sync_to_async(retry_job)(job, actor="a")
    async with open_stream(url, key) as stream:
        assert (await stream.wait_for_frames(1))[0]["event"] == "task_retry"


async def test_a_lost_doorbell_is_healed_by_the_tick(alice, monkeypatch):
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.3)
    monkeypatch.setattr("jobs.events.publish", lambda *args, **kwargs: None)
    job, key, url = await prepare(alice)
    async with open_stream(url, key) as stream:
        await stream.wait_for_frames(1)
        await sync_to_async(finish_job)(job)
        assert (await stream.wait_for_end())[-1]["event"] == "task_completed"


async def test_a_deleted_job_ends_the_stream(alice):
    job, key, url = await prepare(alice)
    async with open_stream(url, key) as stream:
        await stream.wait_for_frames(1)
        await sync_to_async(delete_job)(job, actor="a")
        await stream.wait_for_end()


async def test_many_listeners_cost_one_read(alice, monkeypatch, settings):
    settings.MAX_STREAMS = 50
    reads = []
    original = hub.read_database

    async def count(look):
        reads.append(look)
        return await original(look)

    monkeypatch.setattr(hub, "read_database", count)
    job, key, url = await prepare(alice)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen_to_the_end(url, key)) for _ in range(20)]
        await wait_for_listeners(20)
        reads.clear()
        await sync_to_async(cancel_job)(job, actor="a")
    assert {task.result() for task in tasks} == {"task_cancelled"}
    assert len(reads) <= 3


async def listen_to_the_end(url, key):
    async with open_stream(url, key) as stream:
        return (await stream.wait_for_end())[-1]["event"]


async def wait_for_listeners(number):
    async with asyncio.timeout(60):
        while doors.count_open_streams() < number:
            await asyncio.sleep(0.01)


async def test_a_stream_leaves_nothing_behind(alice):
    _, key, url = await prepare(alice)
    for _ in range(5):
        async with open_stream(url, key) as stream:
            await stream.wait_for_frames(1)
    assert doors.count_open_streams() == 0
    assert not hub.find_hub()._topics


async def test_a_heartbeat_keeps_proxies_open(alice, monkeypatch):
    monkeypatch.setattr("jobs.live.sse.HEARTBEAT_SECONDS", 0.05)
    _, key, url = await prepare(alice)
    async with open_stream(url, key) as stream:
        await stream.wait_until(lambda: ": still here" in stream.text)


async def test_an_access_token_opens_this_job_alone(alice):
    job, _, url = await prepare(alice)
    other = await sync_to_async(make_job)(alice, first=9)
    token = make_access_token(alice.pk, job.pk, seconds=60)
    async with open_stream(f"{url}?access={token}") as stream:
        assert stream.status == 200
    async with open_stream(f"/api/v1/jobs/{other.pk}/events?access={token}") as stream:
        assert (stream.status, stream.json()["error_code"]) == (401, "not_authenticated")


async def test_a_revoked_key_ends_the_stream(alice, monkeypatch):
    monkeypatch.setattr("jobs.live.sse.HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr("jobs.live.sse.RECHECK_SECONDS", 0.05)
    _, key, url = await prepare(alice)
    async with open_stream(url, key) as stream:
        await stream.wait_for_frames(1)
        await sync_to_async(lambda: alice.api_keys.all().delete())()
        await stream.wait_for_end()


class TestRefusals:
    async def test_no_credentials(self, alice):
        _, _, url = await prepare(alice)
        async with open_stream(url) as stream:
            assert (stream.status, stream.json()["error_code"]) == (401, "not_authenticated")
            assert stream.headers["www-authenticate"] == "Bearer"
            assert stream.headers["x-request-id"] == stream.json()["request_id"]

    async def test_a_key_in_the_query_is_none(self, alice):
        _, key, url = await prepare(alice)
        async with open_stream(f"{url}?api_key={key['authorization'][7:]}") as stream:
            assert stream.status == 401

    async def test_a_wrong_key(self, alice):
        _, _, url = await prepare(alice)
        async with open_stream(url, {"authorization": "Bearer i2m_nonsense"}) as stream:
            assert (stream.status, stream.json()["error_code"]) == (401, "invalid_api_key")

    async def test_a_stranger_and_an_unknown_id_look_alike(self, alice, bob):
        _, _, url = await prepare(alice)
        key = await sync_to_async(bearer)(bob)
        answers = []
        for address in (url, f"/api/v1/jobs/{uuid4()}/events"):
            async with open_stream(address, {**key, "x-request-id": "same"}) as stream:
                answers.append((stream.status, stream.json()))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            ("/api/v1/jobs/nonsense/events", "invalid_id"),
            ("/api/v1/status/tasks/nonsense/stream", "invalid_id"),
            ("/api/v1/events?colour=red", "invalid_parameter"),
            ("/api/v1/events?last_event_id=x", "invalid_parameter"),
            ("/api/v1/events?timeout=0", "invalid_parameter"),
            ("/api/v1/events?timeout=86401", "invalid_parameter"),
        ],
    )
    async def test_nonsense(self, alice, path, code):
        async with open_stream(path, await sync_to_async(bearer)(alice)) as stream:
            assert (stream.status, stream.json()["error_code"]) == (400, code)

    async def test_another_method(self, alice):
        _, key, url = await prepare(alice)
        async with open_stream(url, key, method="POST") as stream:
            assert (stream.status, stream.headers["allow"]) == (405, "GET")

    async def test_too_many_streams(self, alice, settings):
        settings.MAX_STREAMS = 1
        _, key, url = await prepare(alice)
        async with open_stream(url, key), open_stream(url, key) as second:
            assert (second.status, second.json()["error_code"]) == (429, "too_many_streams")
            assert second.headers["retry-after"]


class TestTaskStream:
    async def test_it_works(self, alice):
        job, key, _ = await prepare(alice)
        async with open_stream(f"/api/v1/status/tasks/{job.task_id}/stream", key) as stream:
            await stream.wait_for_frames(1)
            await sync_to_async(finish_job)(job)
            assert (await stream.wait_for_end())[-1]["event"] == "task_completed"

    async def test_it_ends_when_its_time_is_up(self, alice):
        job, key, _ = await prepare(alice)
        async with open_stream(f"/api/v1/status/tasks/{job.task_id}/stream?timeout=1", key) as stream:
            assert (await stream.wait_for_end())[-1]["event"] == "connection_timeout"


class TestAllJobs:
    async def test_it_works(self, alice, bob):
        job, key, _ = await prepare(alice)
        async with open_stream("/api/v1/events", key) as stream:
            await stream.wait_for_frames(1)
            await sync_to_async(make_job)(bob)
            other = await sync_to_async(make_job)(alice, first=5)
            await stream.wait_until(
                lambda: {f["data"]["job_id"] for f in stream.frames} == {str(job.pk), str(other.pk)}
            )
        ids = [frame["id"] for frame in stream.frames]
        assert ids == sorted(set(ids))

    async def test_it_resumes(self, alice):
        job, key, _ = await prepare(alice)
        async with open_stream("/api/v1/events", key) as stream:
            last = (await stream.wait_for_frames(1))[-1]["id"]
        await sync_to_async(cancel_job)(job, actor="a")
        async with open_stream("/api/v1/events", {**key, "last-event-id": str(last)}) as stream:
            assert (await stream.wait_for_frames(1))[0]["event"] == "task_cancelled"
