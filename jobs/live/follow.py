"""Which frames does a listener get? The present state at once, then each change, then the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any
from uuid import UUID

from django.db import Error as DatabaseFailure

from jobs import events
from jobs.events import Frame
from jobs.live.hub import TICK_SECONDS, Topic, find_hub, read_database
from jobs.models import Job

logger = logging.getLogger(__name__)


async def follow_job(job_id: UUID, *, after: int) -> AsyncGenerator[Frame]:
    """Frames newer than ``after``, until the terminal one or until the job is gone."""
    hub, key = find_hub(), str(job_id)
    topic = hub.join(key)
    try:
        while True:
            bell = topic.changed
            try:
                frame: Frame | None = await topic.read(lambda: events.read_frame(job_id))
            except DatabaseFailure as error:
                await _wait_for_database(topic, bell, error)
                continue
            if frame is None:
                return
            if frame.id > after:
                after = frame.id
                yield frame
            if frame.is_last:
                return
            await topic.wait(bell)
    finally:
        hub.leave(key)


async def follow_jobs(owner_id: int, *, after: int | None) -> AsyncGenerator[Frame]:
    """Frames of all of a user's jobs, numbered by the user's feed; without ``after`` the present ones first."""
    hub = find_hub()
    topic = hub.join(owner_id)
    try:
        while True:
            bell = topic.changed
            try:
                found = await read_database(partial(read_frames, owner_id, after=after))
            except DatabaseFailure as error:
                await _wait_for_database(topic, bell, error)
                continue
            for frame in found:
                after = frame.id
                yield frame
            after = after or 0
            await topic.wait(bell)
    finally:
        hub.leave(owner_id)


async def _wait_for_database(topic: Topic[Any], bell: asyncio.Event, error: DatabaseFailure) -> None:
    """A stream outlives it: browsers do not come again once a new one was refused."""
    logger.debug("A stream looks again in %s s at most: %s", TICK_SECONDS, error)
    await topic.wait(bell)


def read_frames(owner_id: int, *, after: int | None) -> list[Frame]:
    """One frame for each job that changed since; at first those of running jobs and the newest."""
    jobs = Job.objects.present().filter(owner=owner_id)
    if after is not None:
        rows = list(jobs.filter(feed_version__gt=after).order_by("feed_version")[:100])
    else:
        newest = jobs.order_by("-feed_version")[:1]
        rows = sorted({*jobs.active()[:100], *newest}, key=lambda job: job.feed_version)
    return [events.build_frame(job, number=job.feed_version) for job in rows]
