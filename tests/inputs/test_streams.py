"""Rows G and H: websockets and event streams, spoken to by the wrong people or in the wrong way."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from accounts.models import User
from image2model.asgi import application
from jobs.live import doors
from jobs.models import Job
from tests.factories import finish_job, make_job
from tests.inputs.rows import case
from tests.live.client import Socket, bearer, make_scope, open_stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


async def prepare(owner: User, **options) -> tuple[Job, dict[str, str]]:
    return await sync_to_async(make_job)(owner, **options), await sync_to_async(bearer)(owner)


def connect(path: str, headers: dict[str, str] | None = None) -> Socket:
    scope = make_scope(path, headers or {}, kind="websocket")
    return Socket(application, path, headers=scope["headers"])


async def read_to_close(socket: Socket) -> int:
    while (output := await socket.receive_output())["type"] == "websocket.send":
        pass
    await socket.disconnect()  # as a server tells the application when the connection is gone
    return output["code"]


@pytest.mark.parametrize("origin", [case("G02", "none", None), case("G02", "our own", "http://testserver")])
async def test_a_script_with_a_key(alice, origin: str | None) -> None:
    job, key = await prepare(alice)
    socket = connect(f"/ws/jobs/{job.pk}/", key | ({"origin": origin} if origin else {}))

    assert (await socket.connect())[0]
    assert (await socket.receive_json_from())["event"] == "task_queued"
    await socket.disconnect()


NOBODY = [
    case("G04", "a job", "/ws/jobs/{job}/", 4401),
    case("G04", "all jobs", "/ws/jobs/", 4401),
    case("G06", "unknown path", "/ws/elsewhere", 4404),
    case("G06", "the root", "/", 4404),
    case("G06", "no id", "/ws/jobs/nonsense/", 4404),
    case("G06", "too long an id", "/ws/jobs/" + "a" * 4_000, 4404),
]


@pytest.mark.parametrize(("path", "code"), NOBODY)
async def test_it_is_opened_and_closed(alice, path: str, code: int) -> None:
    job, key = await prepare(alice)
    socket = connect(path.format(job=job.pk), {} if code == 4401 else key)

    assert (await socket.connect())[0]  # so that a browser sees the code
    assert await read_to_close(socket) == code


WRONG = [
    case("G08", "bytes", [{"bytes": b"\0"}], 1003),
    case("G12", "a hundred", [{"text": "{not json"}] * 100, 4429),
]


@pytest.mark.parametrize(("messages", "code"), WRONG)
async def test_it_listens_to_nobody(alice, messages, code: int) -> None:
    job, key = await prepare(alice)
    socket = connect(f"/ws/jobs/{job.pk}/", key)
    await socket.connect()
    for message in messages:
        await socket.send_input({"type": "websocket.receive", **message})

    assert await read_to_close(socket) == code


@pytest.mark.parametrize("path", [case("H02", kind, path) for kind, path in (
    ("a job", "/api/v1/jobs/{job}/events"), ("all", "/api/v1/events"), ("a task", "/api/v1/status/tasks/{task}/stream"))
])  # fmt: skip
@pytest.mark.parametrize("name", ["api_key", "key", "token", "access"])
async def test_a_key_in_the_address_is_none(alice, path: str, name: str) -> None:
    job, key = await prepare(alice)
    address = path.format(job=job.pk, task=job.task_id)

    async with open_stream(f"{address}?{name}={key['authorization'][7:]}") as stream:
        assert stream.status in (400, 401)
        assert stream.json()["error_code"] in ("not_authenticated", "invalid_parameter")


@pytest.mark.parametrize("form", [case("H04", "header", "header"), case("H04", "query", "query")])
async def test_the_last_event_was_heard(alice, form: str) -> None:
    job, key = await prepare(alice)
    version = (await sync_to_async(finish_job)(job)).version
    url = f"/api/v1/jobs/{job.pk}/events"
    headers = key | ({"last-event-id": str(version)} if form == "header" else {})

    async with open_stream(url + ("" if form == "header" else f"?last_event_id={version}"), headers) as stream:
        assert (stream.status, stream.text) == (204, "")


FULL = [
    case("H06", "of one user", "MAX_STREAMS", 429, "too_many_streams"),
    case("H06", "of a process", "STREAMS_PER_PROCESS", 503, "stream_capacity"),
]


@pytest.mark.parametrize(("limit", "status", "code"), FULL)
async def test_one_more(alice, bob, settings, monkeypatch, limit: str, status: int, code: str) -> None:
    settings.MAX_STREAMS = 10
    monkeypatch.setattr(doors, "_open", Counter())  # those of tests before may be just closing
    monkeypatch.setattr(doors, "STREAMS_PER_PROCESS", 10 if limit == "STREAMS_PER_PROCESS" else 1000)
    job, key = await prepare(alice)
    others = await sync_to_async(bearer)(bob if status == 503 else alice)
    with take_places(alice, 10):
        async with open_stream("/api/v1/events", others) as stream:
            assert (stream.status, stream.json()["error_code"]) == (status, code)
            assert int(stream.headers["retry-after"]) > 0
    async with open_stream(f"/api/v1/jobs/{job.pk}/events", key) as stream:
        assert stream.status == 200


def take_places(user: User, number: int) -> ExitStack:
    places = ExitStack()
    for _ in range(number):
        places.enter_context(doors.take_place(user.pk, transport="sse"))
    return places


@pytest.mark.parametrize("name", [case("H08", "an event", "a\n\nevent: task_failed\ndata: {}\n\n.png"),
                                  case("H08", "a return", "a\r\rid: 9\r.png")])  # fmt: skip
async def test_a_name_makes_no_event(alice, name: str) -> None:
    job, key = await prepare(alice, names=[name])

    async with open_stream(f"/api/v1/jobs/{job.pk}/events", key) as stream:
        await stream.wait_for_frames(1)
        lines = stream.text.replace("\r", "\n").splitlines()
    assert [line.partition(":")[0] for line in lines if line] == ["retry", "id", "event", "data"]


@pytest.mark.parametrize("transport", [case("H10", "events", "sse"), case("H10", "websocket", "websocket")])
async def test_who_logs_out_hears_no_more(alice, settings, monkeypatch, transport: str) -> None:
    monkeypatch.setattr("jobs.live.sse.HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr("jobs.live.sse.RECHECK_SECONDS", 0.05)
    monkeypatch.setattr("jobs.live.websocket.RECHECK_SECONDS", 0.05)
    job, _ = await prepare(alice)
    client = Client()
    await sync_to_async(client.force_login)(alice)
    headers = {
        "cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}",
        "origin": "http://testserver",
    }
    if transport == "sse":
        async with open_stream(f"/api/v1/jobs/{job.pk}/events", headers) as stream:
            await stream.wait_for_frames(1)
            await sync_to_async(client.post)("/accounts/logout/")
            await stream.wait_for_end()
        return
    socket = connect(f"/ws/jobs/{job.pk}/", headers)
    await socket.connect()
    await sync_to_async(client.post)("/accounts/logout/")
    assert await read_to_close(socket) == 4401


async def test_an_unknown_job_is_as_far_away_as_a_foreign_one(alice, bob) -> None:
    job, _ = await prepare(alice)
    key = await sync_to_async(bearer)(bob)
    codes = []
    for job_id in (job.pk, uuid4()):
        socket = connect(f"/ws/jobs/{job_id}/", key)
        await socket.connect()
        codes.append(await read_to_close(socket))
    assert codes == [4404, 4404]
