"""How does a caller wait for a job in the call that makes it? ``Prefer: wait=n`` (RFC 7240).

Around Django rather than in a view: the job is made, the view's thread and its database connection are given back,
and only then does the answer wait, as one more listener of the hub.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping, MutableMapping
from contextlib import aclosing
from typing import Any
from uuid import UUID

from django.db import DatabaseError

from jobs.describe import describe_job
from jobs.links import Links
from jobs.live.follow import follow_job
from jobs.live.hub import read_database
from jobs.live.sse import App, Receive, Scope, Send
from jobs.models import Job
from jobs.reading import read_job

logger = logging.getLogger(__name__)

LONGEST_SECONDS = 60
SHOWS_THE_JOB = re.compile(r"/api/v1/jobs/?")
MAKES_JOBS = re.compile(r"/api/v1/(jobs|upload|upload/image|models/generate)/?")
WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:$|[,;])', re.IGNORECASE)
SUCCESS = (200, 201)


class Waiting:
    """Holds back the answer to a call that made a job until the job is over or the caller's patience is."""

    def __init__(self, other: App) -> None:
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = read_patience(scope)
        if not seconds:
            await self.other(scope, receive, send)
            return
        answer = _Answer()
        await self.other(scope, receive, answer.take)
        if not answer.start:  # the caller had gone before there was one
            return
        if (job_id := answer.find_job()) is not None:
            try:
                await _wait(job_id, receive, seconds=seconds)
                await answer.renew(job_id, whole=bool(SHOWS_THE_JOB.fullmatch(scope["path"])))
                answer.set_header(b"preference-applied", f"wait={seconds}")
            except DatabaseError as error:  # the job is made: its first answer is still true
                logger.warning("Job %s was answered without waiting: %s", job_id, error)
        await answer.give(send)


def read_patience(scope: Scope) -> int:
    """Seconds that this caller would wait, at most ours; 0 for no preference. What cannot be read is no preference."""
    if scope["type"] != "http" or scope["method"] != "POST" or not MAKES_JOBS.fullmatch(scope["path"]):
        return 0
    values = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"prefer"]
    found = WAIT.search(",".join(values))
    return min(int(found[1]), LONGEST_SECONDS) if found else 0


class _Answer:
    """What the other app answered, held back."""

    def __init__(self) -> None:
        self.start: MutableMapping[str, Any] = {}
        self.body = b""

    async def take(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    def find_job(self) -> UUID | None:
        return UUID(json.loads(self.body)["job_id"]) if self.start["status"] in SUCCESS else None

    async def renew(self, job_id: UUID, *, whole: bool) -> None:
        """Tell the job as it is now, with its files. ``whole``: the answer is the job itself."""
        told = json.loads(self.body)
        address: str = told["urls"]["self"] if "urls" in told else ""
        base = address.removesuffix(f"/api/v1/jobs/{job_id}")
        job = await read_database(lambda: _describe(job_id, links=Links(base=base)))
        if job is not None:  # else it was deleted meanwhile
            self.body = json.dumps(job if whole else {**told, "status": job["status"], "job": job}).encode()
            self.set_header(b"content-length", str(len(self.body)))

    def set_header(self, name: bytes, value: str) -> None:
        rest = [(key, old) for key, old in self.start["headers"] if key.lower() != name]
        self.start["headers"] = [*rest, (name, value.encode())]

    async def give(self, send: Send) -> None:
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body})


def _describe(job_id: UUID, *, links: Links) -> Mapping[str, Any] | None:
    job = read_job(Job.objects.present().filter(pk=job_id))
    return None if job is None else describe_job(job, links=links)


async def _wait(job_id: UUID, receive: Receive, *, seconds: int) -> None:
    """Until the job is over, the time is up or the caller has gone."""
    tasks = {asyncio.ensure_future(_follow_to_the_end(job_id)), asyncio.ensure_future(_wait_for_leave(receive))}
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow_to_the_end(job_id: UUID) -> None:
    async with aclosing(follow_job(job_id, after=0)) as frames:
        async for _ in frames:
            pass


async def _wait_for_leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
