"""Somebody opens a stream and stops reading: who notices? Row G14 of the bad inputs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from image2model.asgi import application
from jobs.live import doors
from jobs.services import cancel_job
from tests.factories import make_job
from tests.inputs.rows import case
from tests.live.client import PATIENCE, bearer, make_scope, open_stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


class Frozen:
    """A client whose connection takes nothing after its first answer: the server's send never returns."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope
        self.stuck = asyncio.Event()
        self.offered = 0
        self._began = False

    async def receive(self) -> dict[str, Any]:
        if self.scope["type"] == "websocket" and not self._began:
            self._began = True
            return {"type": "websocket.connect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] in ("http.response.body", "websocket.send"):
            self.offered += 1
            self.stuck.set()
            await asyncio.Event().wait()


@pytest.mark.parametrize("kind", [case("G14", "events", "http"), case("G14", "websocket", "websocket")])
async def test_it_loses_its_place_and_nobody_else_notices(alice, monkeypatch, kind: str) -> None:
    monkeypatch.setattr("jobs.live.sse.SEND_SECONDS", 0.3)
    monkeypatch.setattr("jobs.live.websocket.SEND_SECONDS", 0.3)
    job = await sync_to_async(make_job)(alice)
    key = await sync_to_async(bearer)(alice)
    path = f"/api/v1/jobs/{job.pk}/events" if kind == "http" else f"/ws/jobs/{job.pk}/"
    frozen = Frozen(make_scope(path, key, kind=kind))
    app = asyncio.create_task(application(frozen.scope, frozen.receive, frozen.send))
    await asyncio.wait_for(frozen.stuck.wait(), PATIENCE)

    async with open_stream(f"/api/v1/jobs/{job.pk}/events", key) as stream:
        await stream.wait_for_frames(1)
        await sync_to_async(cancel_job)(job, actor="a")
        assert (await stream.wait_for_end())[-1]["event"] == "task_cancelled"

    async with asyncio.timeout(PATIENCE):
        while doors.count_open_streams():
            await asyncio.sleep(0.01)
    assert frozen.offered == 1  # nothing was piled up for it
    app.cancel()
    await asyncio.gather(app, return_exceptions=True)
