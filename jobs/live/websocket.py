"""How does a stream travel over a websocket? The same frames as messages, from server to client only."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack, aclosing
from typing import Any
from urllib.parse import urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.http.request import validate_host

from jobs.errors import JobError
from jobs.live import doors
from jobs.live.sse import RECHECK_SECONDS, SEND_SECONDS, open_frames

CLOSE_CODES = {"not_authenticated": 4401, "invalid_api_key": 4401, "too_many_streams": 4429, "too_many_messages": 4429,
               "stream_capacity": 4503, "database_unavailable": 4503}  # fmt: skip
NORMAL, NO_BINARY, NOT_FOUND = 1000, 1003, 4404
MESSAGES_PER_SECOND = 10
_TOO_MANY = JobError(
    "too_many_messages", f"At most {MESSAGES_PER_SECOND} messages a second are taken; none is needed at all."
)


class StreamConsumer(AsyncWebsocketConsumer):
    """Accepts first and then closes with a code when refused: a browser sees codes of open sockets only."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._task: asyncio.Task[None] | None = None
        self._place = ExitStack()
        self._received: list[float] = []
        self._is_refused = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Whatever ends the connection ends what runs for it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._let_go()

    async def connect(self) -> None:
        if not has_own_origin(self.scope):
            await self.close()  # refused before the handshake: a foreign page learns nothing
            return
        await self.accept()
        try:
            listener = await self.admit()
            self._place.enter_context(doors.take_place(listener.user_id, transport="websocket"))
        except (JobError, DatabaseFailure) as failure:
            error = failure if isinstance(failure, JobError) else doors.refuse_without_database(failure)
            await self._tell(error)
            await self.close(code=CLOSE_CODES.get(error.code, NOT_FOUND if error.status in (400, 404) else 4403))
            return
        self._task = asyncio.create_task(self._run(listener))

    async def admit(self) -> doors.Listener:
        raise JobError("not_found", "There is no stream here.")

    async def _run(self, listener: doors.Listener) -> None:
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._recheck(listener))
            is_read = await self._send_frames(listener)
            watch.cancel()
        if not is_read:
            self._place.close()  # the server's own pings end the connection
            return
        await self.close(code=NORMAL)

    async def _send_frames(self, listener: doors.Listener) -> bool:
        """False when the client does not read what was sent."""
        async with aclosing(open_frames(listener)) as frames:
            async for frame in frames:
                message = json.dumps({"id": frame.id, "event": frame.event, "data": frame.data})
                try:
                    async with asyncio.timeout(SEND_SECONDS):  # wait_for may swallow that its task was cancelled
                        await self.send(message)
                except TimeoutError:
                    return False
        return True

    async def _recheck(self, listener: doors.Listener) -> None:
        """Somebody who logged out meanwhile hears no more."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            if not await doors.may_still_listen(self.scope, listener=listener):
                await self.close(code=CLOSE_CODES["not_authenticated"])
                return

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data is not None:
            await self.close(code=NO_BINARY)
            return
        now = time.monotonic()
        self._received = [*(at for at in self._received if at > now - 1), now]
        if len(self._received) > MESSAGES_PER_SECOND and not self._is_refused:
            self._is_refused = True
            self._place.close()  # who does not read what we say keeps nobody out
            await self._tell(_TOO_MANY)
            await self.close(code=CLOSE_CODES[_TOO_MANY.code])

    async def _tell(self, error: JobError) -> None:
        await self.send(json.dumps({"id": None, "event": "error", "data": describe(error)}))

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        """What we end makes room at once; the client may take its time to go."""
        self._place.close()
        await super().close(code=code, reason=reason)

    async def disconnect(self, code: int) -> None:
        self._let_go()

    def _let_go(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._place.close()


class JobConsumer(StreamConsumer):
    """``/ws/jobs/{id}/``"""

    async def admit(self) -> doors.Listener:
        job_id = doors.parse_id(self.scope["url_route"]["kwargs"]["job_id"], what="job")
        user_id = await doors.identify(self.scope, job_id=job_id)
        job = await doors.find_job(user_id, job_id=job_id)
        return doors.Listener(user_id=user_id, job_id=job.pk, after=doors.parse_position(self.scope))


class JobsConsumer(StreamConsumer):
    """``/ws/jobs/``"""

    async def admit(self) -> doors.Listener:
        user_id = await doors.identify(self.scope, job_id=None)
        return doors.Listener(user_id=user_id, after=doors.parse_position(self.scope))


class NowhereConsumer(StreamConsumer):
    """Every other websocket address: closed with 4404 and no traceback."""


def has_own_origin(scope: Any) -> bool:
    """A page of another site must not use its visitor's cookie. Scripts send no Origin, and no cookie either."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is None:
        return b"authorization" in headers or b"cookie" not in headers
    if origin.decode("latin-1") in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        named, own = urlsplit(origin.decode("latin-1")), urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}")
        return named.netloc == own.netloc and validate_host(own.hostname or "", settings.ALLOWED_HOSTS)
    except ValueError:  # neither is an address
        return False


def describe(error: JobError) -> dict[str, Any]:
    return {"error_code": error.code, "message": error.message}
