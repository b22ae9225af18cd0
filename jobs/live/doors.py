"""May this connection listen, to what, and is there room? The same questions for both transports."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseFailure
from rest_framework.exceptions import APIException

from accounts.access import read_access_token
from accounts.auth import authenticate_scope
from accounts.models import User
from image2model.ops import meters
from jobs.errors import JobError
from jobs.live.hub import read_database
from jobs.models import Job

logger = logging.getLogger(__name__)

STREAMS_PER_PROCESS = 1000
KNOWN_PARAMETERS = {"access", "last_event_id", "timeout"}
LONGEST_SECONDS = 86_400

_open: Counter[int] = Counter()


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Who listens, to which job (None: to all of their own), from where on."""

    user_id: int
    job_id: UUID | None = None
    after: int | None = None
    timeout: int | None = None


async def identify(scope: Mapping[str, Any], *, job_id: UUID | None) -> int:
    """The id of the user that this connection reads for, or ``JobError``.

    By key, by session, or by an access token for this very job.
    """
    token = read_parameters(scope).get("access")
    access = read_access_token(token) if token else None
    if access is not None and access.job_id == job_id:
        return access.user_id
    try:
        user: User | None = await authenticate_scope(scope)
    except APIException as error:
        code = error.get_codes()
        raise JobError(code if isinstance(code, str) else "not_authenticated", str(error.detail)) from None
    if user is None:
        raise JobError("not_authenticated", "Sign in, or send an API key.")
    return user.pk


async def may_still_listen(scope: Mapping[str, Any], *, listener: Listener) -> bool:
    """Is the caller's key or session still good? While the database is away nobody knows, and nobody is sent away."""
    try:
        return await identify(scope, job_id=listener.job_id) == listener.user_id
    except JobError:
        return False
    except DatabaseFailure:
        return True


def refuse_without_database(error: DatabaseFailure) -> JobError:
    logger.warning("A stream was refused: database_unavailable: %s", error)
    return JobError("database_unavailable", "The database cannot be reached at the moment.",
                    hint="Try again in a few seconds.", retry_after=5)  # fmt: skip


def read_parameters(scope: Mapping[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))


async def find_job(user_id: int, *, job_id: UUID, by_task: bool = False) -> Job:
    """The listener's own job, or ``JobError`` ``not_found``."""
    rows = Job.objects.present().filter(owner=user_id)
    rows = rows.filter(task_id=job_id) if by_task else rows.filter(pk=job_id)
    job = await read_database(rows.first)
    if job is None:
        raise JobError("not_found", "There is no such job.")
    return job


def parse_id(raw: str, *, what: str) -> UUID:
    try:
        return UUID(raw)
    except ValueError:
        raise JobError("invalid_id", f"Invalid {what} ID format", hint="Ids are UUIDs.") from None


def parse_position(scope: Mapping[str, Any]) -> int | None:
    """The id of the last frame that the client saw. A header is what a browser sends by itself: nonsense is ignored."""
    headers = dict(scope["headers"])
    header = headers.get(b"last-event-id", b"").decode("latin-1").strip()
    if header.isdecimal():
        return int(header[:18])
    raw = read_parameters(scope).get("last_event_id")
    if raw is None or raw == "":
        return None
    if not raw.isdecimal():
        raise JobError("invalid_parameter", "last_event_id must be a whole number.")
    return int(raw[:18])


def parse_timeout(scope: Mapping[str, Any]) -> int | None:
    raw = read_parameters(scope).get("timeout")
    if raw is None:
        return None
    if not (raw.isdecimal() and 1 <= int(raw[:9]) <= LONGEST_SECONDS):
        raise JobError("invalid_parameter", f"timeout must be from 1 to {LONGEST_SECONDS} seconds.")
    return int(raw)


def check_parameters(scope: Mapping[str, Any]) -> None:
    for name in read_parameters(scope):
        if name not in KNOWN_PARAMETERS:
            raise JobError("invalid_parameter", f"There is no query parameter {name[:60]!r} here.")


@contextmanager
def take_place(user_id: int, *, transport: str) -> Iterator[None]:
    """A place among the open streams of this process, or ``JobError``."""
    if _open[user_id] >= settings.MAX_STREAMS:
        raise JobError(
            "too_many_streams",
            f"{_open[user_id]} of your streams are open; the limit is {settings.MAX_STREAMS}.",
            hint="Close one, or follow all jobs by one stream: /api/v1/events.",
            details={"limit": settings.MAX_STREAMS},
            retry_after=5,
        )
    if _open.total() >= STREAMS_PER_PROCESS:
        raise JobError("stream_capacity", "Too many streams are open here.", retry_after=10)
    _open[user_id] += 1
    try:
        with meters.count_stream(transport):
            yield
    finally:
        _open[user_id] -= 1
        if not _open[user_id]:
            del _open[user_id]


def count_open_streams() -> int:
    return _open.total()
