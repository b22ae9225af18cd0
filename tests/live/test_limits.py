"""How many may listen, and what becomes of those who do not read? Limits of users and of the process; slow readers."""

from __future__ import annotations

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from image2model.asgi import application
from jobs.live import doors
from tests.factories import finish_job, make_job
from tests.live.client import PATIENCE, Socket, bearer, make_scope, open_stream
from tests.live.test_events import prepare
from tests.live.test_websocket import close_code, connect, read_to_close

pytestmark = [pytest.mark.django_db(transaction=True)]


async def wait_for_streams(number: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while doors.count_open_streams() != number:
            await asyncio.sleep(0.01)


class TestOfOneUser:
    async def test_streams_and_sockets_count_together(self, alice, bob, settings):
        settings.MAX_STREAMS = 2
        job, key, url = await prepare(alice)
        bobs = await sync_to_async(bearer)(bob)
        async with open_stream(url, key), open_stream("/api/v1/events", key):
            async with open_stream(url, key) as third:
                assert (third.status, third.json()["error_code"]) == (429, "too_many_streams")
                assert third.headers["retry-after"] == "5"
                assert third.headers["x-ratelimit-limit"] == "2"
            assert await close_code(f"/ws/jobs/{job.pk}/", key) == 4429
            async with open_stream("/api/v1/events", bobs) as of_somebody_else:
                assert of_somebody_else.status == 200
        await wait_for_streams(0)
        async with open_stream(url, key) as again:
            assert again.status == 200

    async def test_the_refusal_is_told_before_the_socket_closes(self, alice, settings):
        settings.MAX_STREAMS = 0
        job, key, _ = await prepare(alice)
        socket = connect(f"/ws/jobs/{job.pk}/", key)
        await socket.connect()
        messages, code = await read_to_close(socket)
        assert (messages[0]["event"], messages[0]["data"]["error_code"]) == ("error", "too_many_streams")
        assert code == 4429


class TestOfTheProcess:
    async def test_a_full_server_says_so(self, alice, bob, monkeypatch):
        monkeypatch.setattr(doors, "STREAMS_PER_PROCESS", 1)
        _, key, url = await prepare(alice)
        bobs = await sync_to_async(bearer)(bob)
        async with open_stream(url, key):
            async with open_stream("/api/v1/events", bobs) as refused:
                assert (refused.status, refused.json()["error_code"]) == (503, "stream_capacity")
                assert refused.headers["retry-after"] == "10"
            assert await close_code("/ws/jobs/", bobs) == 4503
        await wait_for_streams(0)
        async with open_stream("/api/v1/events", bobs) as welcome:
            assert welcome.status == 200

    async def test_the_finished_take_no_place(self, alice, monkeypatch):
        monkeypatch.setattr(doors, "STREAMS_PER_PROCESS", 0)
        job, key, url = await prepare(alice)
        await sync_to_async(finish_job)(job)
        async with open_stream(url, {**key, "last-event-id": "999999"}) as nothing_new:
            assert nothing_new.status == 204


class TestSlowReaders:
    """A server tells its app to wait while a client does not read."""

    async def test_a_stream_is_let_go_and_others_hear_on(self, alice, monkeypatch):
        monkeypatch.setattr("jobs.live.sse.SEND_SECONDS", 0.1)
        job, key, url = await prepare(alice)
        sent: list[dict] = []
        never = asyncio.Event()

        async def send(message) -> None:
            sent.append(message)
            if message.get("body"):
                await never.wait()

        async def receive():
            await never.wait()

        async with open_stream(url, key) as reader:
            await reader.wait_for_frames(1)
            slow = asyncio.create_task(application(make_scope(url, key), receive, send))
            await asyncio.wait_for(slow, PATIENCE)  # its place is free though it never left
            assert doors.count_open_streams() == 1
            assert len(sent) == 2
            await sync_to_async(finish_job)(job)
            frames = await reader.wait_for_end()
        assert frames[-1]["event"] == "task_completed"
        await wait_for_streams(0)

    async def test_a_socket_is_let_go(self, alice, monkeypatch):
        monkeypatch.setattr("jobs.live.websocket.SEND_SECONDS", 0.1)
        job, key, _ = await prepare(alice)
        never, accepted = asyncio.Event(), asyncio.Event()
        heard: asyncio.Queue[dict] = asyncio.Queue()
        await heard.put({"type": "websocket.connect"})

        async def send(message) -> None:
            if message["type"] == "websocket.accept":
                accepted.set()
            if message["type"] == "websocket.send":
                await never.wait()

        app = asyncio.create_task(
            application(make_scope(f"/ws/jobs/{job.pk}/", key, kind="websocket"), heard.get, send)
        )
        await asyncio.wait_for(accepted.wait(), PATIENCE)
        await wait_for_streams(0)
        await heard.put({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(app, PATIENCE)


class TestOrigins:
    """A page of another site must not use its visitor's cookie; scripts send no Origin."""

    @pytest.fixture
    def cookie(self, alice) -> dict[str, str]:
        client = Client()
        client.force_login(alice)
        return {"cookie": f"sessionid={client.cookies['sessionid'].value}"}

    @pytest.mark.parametrize(
        ("origin", "is_let_in"),
        [
            ("http://testserver", True),
            ("https://portal.example.org", True),  # trusted by PUBLIC_URL
            ("https://evil.example", False),
            ("http://testserver.evil.example", False),
            ("http://eviltestserver", False),
            ("http://testserver:8001", False),
            ("null", False),
            ("", False),
            ("file://", False),
            ("http://testserver@evil.example", False),
            ("http://[", False),
        ],
    )
    async def test_with_a_cookie(self, alice, cookie, settings, origin, is_let_in):
        settings.CSRF_TRUSTED_ORIGINS = ["https://portal.example.org"]
        job = await sync_to_async(make_job)(alice)
        socket = connect(f"/ws/jobs/{job.pk}/", {**cookie, "origin": origin})
        assert (await socket.connect())[0] == is_let_in
        await socket.disconnect()

    async def test_without_an_origin_a_cookie_is_not_enough(self, alice, cookie):
        job = await sync_to_async(make_job)(alice)
        assert not (await connect(f"/ws/jobs/{job.pk}/", cookie).connect())[0]

    async def test_a_forged_host_makes_no_origin_its_own(self, alice, cookie):
        job = await sync_to_async(make_job)(alice)
        path = f"/ws/jobs/{job.pk}/"
        headers = [
            (b"host", b"evil.example"),
            (b"origin", b"http://evil.example"),
            (b"cookie", cookie["cookie"].encode()),
        ]
        assert not (await Socket(application, path, headers=headers).connect())[0]


@pytest.mark.parametrize("text", ["{not json", "[]", "\x00", "null", '{"a":' * 100, "é" * 1000])
async def test_what_a_client_says_is_ignored(alice, text):
    job, key, _ = await prepare(alice)
    socket = connect(f"/ws/jobs/{job.pk}/", key)
    await socket.connect()
    assert (await socket.receive_json_from())["event"] == "task_queued"
    await socket.send_to(text_data=text)
    await sync_to_async(finish_job)(job)
    messages, code = await read_to_close(socket)
    assert (messages[-1]["event"], code) == ("task_completed", 1000)
    assert json.dumps(messages)


@pytest.mark.parametrize("path", ["/ws/", "/ws/nowhere/", "/", "/ws/jobs/x/y/", "/ws/jobs/../admin/", "/ws/jobs/%00/"])
async def test_an_unknown_address_is_closed_with_a_code(alice, path):
    assert await close_code(path, await sync_to_async(bearer)(alice)) == 4404
