"""The database goes away and comes back: what does a listener hear?"""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError

from image2model.asgi import application
from jobs.live import hub
from jobs.services import cancel_job
from tests.factories import make_job
from tests.live.client import Socket, bearer, make_scope, open_stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def outage(monkeypatch):
    """``begin()`` and ``end()``; while it lasts, everything that a stream asks of the database fails."""

    class Outage:
        error: Exception | None = None
        asked = 0

    original = hub.read_database

    async def read(look):
        if Outage.error is not None:
            Outage.asked += 1
            raise Outage.error
        return await original(look)

    for module in ("jobs.live.hub", "jobs.live.follow", "jobs.live.doors"):
        monkeypatch.setattr(f"{module}.read_database", read)
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.1)
    return Outage


@pytest.mark.parametrize("path", ["/api/v1/jobs/{job}/events", "/api/v1/events"])
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
async def test_an_open_stream_outlives_it(alice, outage, path, error):
    job, key = await sync_to_async(make_job)(alice), await sync_to_async(bearer)(alice)
    async with open_stream(path.format(job=job.pk), key) as stream:
        await stream.wait_for_frames(1)
        outage.error = error
        await sync_to_async(cancel_job)(job, actor="a")
        async with stream.changed:
            await stream.changed.wait_for(lambda: True)
        while outage.asked < 3:
            await sync_to_async(lambda: None)()
        outage.error = None
        await stream.wait_until(lambda: [frame["event"] for frame in stream.frames][-1] == "task_cancelled")


@pytest.mark.parametrize("path", ["/api/v1/jobs/{job}/events", "/api/v1/status/tasks/{task}/stream"])
async def test_a_new_one_is_refused_until_it_is_back(alice, outage, path):
    job, key = await sync_to_async(make_job)(alice), await sync_to_async(bearer)(alice)
    outage.error = OperationalError("no route to db.internal")
    async with open_stream(path.format(job=job.pk, task=job.task_id), key) as stream:
        assert (stream.status, stream.json()["error_code"]) == (503, "database_unavailable")
        assert stream.headers["retry-after"] == "5"
        assert "internal" not in stream.text
    outage.error = None
    async with open_stream(path.format(job=job.pk, task=job.task_id), key) as stream:
        assert stream.status == 200


async def test_a_new_websocket_is_closed(alice, outage):
    job, key = await sync_to_async(make_job)(alice), await sync_to_async(bearer)(alice)
    outage.error = OperationalError("gone")
    path = f"/ws/jobs/{job.pk}/"
    socket = Socket(application, path, headers=make_scope(path, key, kind="websocket")["headers"])
    await socket.connect()
    assert (await socket.receive_json_from())["data"]["error_code"] == "database_unavailable"
    assert (await socket.receive_output())["code"] == 4503
