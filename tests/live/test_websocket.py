"""``/ws/jobs/{id}/`` and ``/ws/jobs/``: the same frames over a websocket."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from image2model.asgi import application
from tests.factories import finish_job, make_job
from tests.live.client import Socket, bearer, make_scope, open_stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def connect(path, headers=None):
    scope = make_scope(path, headers or {}, kind="websocket")
    return Socket(application, path, headers=scope["headers"])


async def prepare(owner):
    job = await sync_to_async(make_job)(owner)
    return job, await sync_to_async(bearer)(owner)


async def read_to_close(socket):
    """All messages, then the code it was closed with."""
    messages = []
    while (output := await socket.receive_output())["type"] == "websocket.send":
        messages.append(json.loads(output["text"]))
    await socket.disconnect()  # as a server tells the application when the connection is gone
    return messages, output.get("code")


async def test_it_works(alice):
    job, key = await prepare(alice)
    socket = connect(f"/ws/jobs/{job.pk}/", key)
    assert (await socket.connect())[0]
    async with open_stream(f"/api/v1/jobs/{job.pk}/events", key) as stream:
        await stream.wait_for_frames(1)
        await sync_to_async(finish_job)(job)
        frames = await stream.wait_for_end()
    messages, code = await read_to_close(socket)
    assert code == 1000
    assert [m["event"] for m in messages][-1] == "task_completed"
    assert strip_clock(messages[-1]) == strip_clock(frames[-1])
    assert {m["id"] for m in messages} >= {frames[0]["id"], frames[-1]["id"]}


def strip_clock(frame):
    return frame | {"data": {k: v for k, v in frame["data"].items() if k != "timestamp"}}


async def test_all_my_jobs(alice):
    job, key = await prepare(alice)
    socket = connect("/ws/jobs/", key)
    await socket.connect()
    assert (await socket.receive_json_from())["data"]["job_id"] == str(job.pk)
    await socket.disconnect()


async def test_a_browser_comes_with_its_session(alice):
    job, _ = await prepare(alice)
    client = Client()
    await sync_to_async(client.force_login)(alice)
    cookie = {"cookie": f"sessionid={client.cookies['sessionid'].value}", "origin": "http://testserver"}
    socket = connect(f"/ws/jobs/{job.pk}/", cookie)
    await socket.connect()
    assert (await socket.receive_json_from())["event"] == "task_queued"
    await socket.disconnect()


async def close_code(path, headers=None):
    socket = connect(path, headers)
    accepted, code = await socket.connect()
    if not accepted:
        return code
    return (await read_to_close(socket))[1]


class TestRefusals:
    async def test_nobody(self, alice):
        job, _ = await prepare(alice)
        assert await close_code(f"/ws/jobs/{job.pk}/") == 4401

    async def test_a_stranger_and_unknown_ids(self, alice, bob):
        job, _ = await prepare(alice)
        key = await sync_to_async(bearer)(bob)
        for path in (f"/ws/jobs/{job.pk}/", f"/ws/jobs/{uuid4()}/", "/ws/jobs/nonsense/", "/ws/elsewhere/"):
            assert await close_code(path, key) == 4404, path

    async def test_a_foreign_page(self, alice):
        job, _ = await prepare(alice)
        client = Client()
        await sync_to_async(client.force_login)(alice)
        cookie = f"sessionid={client.cookies['sessionid'].value}"
        for origin in ({"origin": "https://evil.example"}, {}):
            socket = connect(f"/ws/jobs/{job.pk}/", {"cookie": cookie, **origin})
            assert not (await socket.connect())[0]

    async def test_a_binary_message(self, alice):
        job, key = await prepare(alice)
        socket = connect(f"/ws/jobs/{job.pk}/", key)
        await socket.connect()
        await socket.send_to(bytes_data=b"\x00")
        assert (await read_to_close(socket))[1] == 1003

    async def test_a_chatterbox(self, alice):
        job, key = await prepare(alice)
        socket = connect(f"/ws/jobs/{job.pk}/", key)
        await socket.connect()
        for _ in range(20):
            await socket.send_to(text_data="{not json")
        frames, code = await read_to_close(socket)
        assert code == 4429
        assert (frames[-1]["event"], frames[-1]["data"]["error_code"]) == ("error", "too_many_messages")
