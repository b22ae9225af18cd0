"""How does a stream travel as server-sent events? A raw ASGI app: no thread and no connection for each listener."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing, suppress
from typing import Any

from django.db import Error as DatabaseFailure

from image2model.answers import build_error, list_refusal_headers
from image2model.middleware import RECORD_KEY, choose_request_id, request_id_var
from jobs.errors import JobError
from jobs.events import Frame
from jobs.live import doors
from jobs.live.follow import follow_job, follow_jobs
from jobs.states import TERMINAL

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEARTBEAT_SECONDS = 15
SEND_SECONDS = 30  # somebody who does not read what was sent is let go, and their place with them
RECHECK_SECONDS = 30  # a stream of somebody who logged out meanwhile is closed
ADDRESSES = (
    (re.compile(r"/api/v1/events/?"), "all"),
    (re.compile(r"/api/v1/jobs/([^/]+)/events/?"), "job"),
    (re.compile(r"/api/v1/status/tasks/([^/]+)/stream/?"), "task"),
)
ROUTES = {
    "all": "api/v1/events",
    "job": "api/v1/jobs/<job_id>/events",
    "task": "api/v1/status/tasks/<task_id>/stream",
}
STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class EventStreams:
    """Answers the addresses of event streams; everything else goes on to the other app."""

    def __init__(self, other: App) -> None:
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for pattern, kind in ADDRESSES:
            if match := pattern.fullmatch(scope["path"]):
                raw = match[1] if match.lastindex else ""
                if record := scope.get(RECORD_KEY):
                    record.route = ROUTES[kind]
                await StreamRequest(scope, receive, send).answer(kind, raw_id=raw)
                return
        await self.other(scope, receive, send)


class StreamRequest:
    """One request for a stream."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        offered = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        self.request_id = choose_request_id(offered)

    async def answer(self, kind: str, *, raw_id: str) -> None:
        token = request_id_var.set(self.request_id)
        try:
            await self._stream(kind, raw_id=raw_id)
        except JobError as error:
            await self._refuse(error)
        except DatabaseFailure as error:
            await self._refuse(doors.refuse_without_database(error))
        finally:
            request_id_var.reset(token)

    async def _stream(self, kind: str, *, raw_id: str) -> None:
        if self.scope["method"] != "GET":
            raise JobError("method_not_allowed", "A stream can only be read: use GET.")
        listener = await self._admit(kind, raw_id=raw_id)
        if listener is None:
            await self._start(204, [])
            await self.send({"type": "http.response.body"})
            return
        with doors.take_place(listener.user_id, transport="sse"):
            await self._start(200, STREAM_HEADERS)
            await self._run(listener)

    async def _admit(self, kind: str, *, raw_id: str) -> doors.Listener | None:
        """Who listens to what; None when there will never be anything new."""
        job_id = None if kind == "all" else doors.parse_id(raw_id, what=kind)
        user_id = await doors.identify(self.scope, job_id=job_id)
        doors.check_parameters(self.scope)
        after, timeout = doors.parse_position(self.scope), doors.parse_timeout(self.scope)
        if job_id is None:
            return doors.Listener(user_id=user_id, after=after, timeout=timeout)
        job = await doors.find_job(user_id, job_id=job_id, by_task=kind == "task")
        if job.status in TERMINAL and after is not None and after >= job.version:
            return None
        return doors.Listener(user_id=user_id, job_id=job.pk, after=after, timeout=timeout)

    async def _run(self, listener: doors.Listener) -> None:
        """Send until the stream ends, the client leaves or its time is up."""
        writer = asyncio.ensure_future(self._write(listener))
        leaver = asyncio.ensure_future(self._wait_for_leave())
        try:
            await asyncio.wait({writer, leaver}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writer, leaver):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await leaver
            with suppress(asyncio.CancelledError, OSError):  # gone, or not reading any more
                await writer

    async def _write(self, listener: doors.Listener) -> None:
        await self._push("retry: 3000\n\n")
        async with aclosing(self._chunks(listener)) as chunks:
            async for chunk in chunks:
                await self._push(chunk)
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _chunks(self, listener: doors.Listener) -> AsyncGenerator[str]:
        """Frames as they come, a comment when none does, a last word when the time is up."""
        end = time.monotonic() + (listener.timeout or float("inf"))
        recheck = time.monotonic() + RECHECK_SECONDS
        async with aclosing(open_frames(listener)) as frames:
            following: asyncio.Future[Frame] = asyncio.ensure_future(anext(frames))
            try:
                while True:
                    patience = min(HEARTBEAT_SECONDS, max(0.0, end - time.monotonic()))
                    done, _ = await asyncio.wait({following}, timeout=patience)
                    if done:
                        try:
                            frame = following.result()
                        except StopAsyncIteration:
                            return
                        yield encode(frame)
                        following = asyncio.ensure_future(anext(frames))
                    elif time.monotonic() >= end:
                        yield encode_timeout(listener)
                        return
                    else:
                        yield ": still here\n\n"
                    if time.monotonic() >= recheck:
                        if not await doors.may_still_listen(self.scope, listener=listener):
                            return
                        recheck = time.monotonic() + RECHECK_SECONDS
            finally:
                following.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await following

    async def _wait_for_leave(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _push(self, text: str) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await self.send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        headers = [*headers, (b"x-request-id", self.request_id.encode("ascii"))]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def _refuse(self, error: JobError) -> None:
        body = json.dumps(describe_refusal(error)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if error.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if error.status == 405:
            headers.append((b"allow", b"GET"))
        if error.retry_after is not None:
            told = list_refusal_headers(error.details, retry_after=error.retry_after)
            headers += [(name.lower().encode(), value.encode()) for name, value in told.items()]
        await self._start(error.status, headers)
        await self.send({"type": "http.response.body", "body": body})


def open_frames(listener: doors.Listener) -> AsyncGenerator[Frame]:
    if listener.job_id is None:
        return follow_jobs(listener.user_id, after=listener.after)
    return follow_job(listener.job_id, after=listener.after or 0)


def describe_refusal(error: JobError) -> dict[str, Any]:
    return build_error(error.code, error.message, status=error.status, hint=error.hint, details=error.details)


def encode(frame: Frame) -> str:
    """JSON has no raw line break, so a file name cannot smuggle in an event."""
    return f"id: {frame.id}\nevent: {frame.event}\ndata: {json.dumps(frame.data)}\n\n"


def encode_timeout(listener: doors.Listener) -> str:
    message = {"message": f"This stream was asked to end after {listener.timeout} s.", "job_id": str(listener.job_id)}
    return f"event: connection_timeout\ndata: {json.dumps(message)}\n\n"
