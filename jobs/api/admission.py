"""May this body come in at all? Asked before a byte of it is read: Django takes it whole before any view."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack, suppress
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from rest_framework.exceptions import APIException, PermissionDenied, UnsupportedMediaType

from accounts.auth import authenticate_scope
from accounts.tokens import parse_token
from image2model.answers import build_error
from image2model.middleware import choose_request_id, request_id_var
from jobs.api.capacity import LARGE_BYTES, take_place
from jobs.api.errors import Answer, list_headers, read_error
from jobs.api.parsers import MAX_BODY_BYTES
from jobs.api.patience import PatientReceive
from jobs.errors import JobError
from jobs.incoming import max_form_bytes, refuse_size
from jobs.services import check_disk

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

API = "/api/"
LINGER_SECONDS = 2
SMALL_BYTES = 64 * 1024  # a body up to here costs less than asking who sends it
# Where files are taken, with the type of body that brings them; other bodies are never large.
FILES_COME_TO = re.compile(r"/(?:upload|api/v1/upload|api/v1/upload/image|api/v1/images)/?")
FORM_TYPE = "multipart/form-data"
SHORTAGE = 503
COPIES = 2  # of a body, on the disk: as it comes, and its files


class Admission:
    """Refuses what cannot be taken in; everything else goes on to the other app."""

    def __init__(self, other: App) -> None:
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}
        request_id = choose_request_id(headers.get(b"x-request-id"))
        token = request_id_var.set(request_id)
        try:
            async with AsyncExitStack() as held:
                answer = await _judge(scope, headers, held)
                if answer is None:
                    answer = await self._pass_on(scope, receive, send, length=_read_length(headers))
            if answer is not None:
                await _refuse(receive, send, answer, request_id=request_id)
        finally:
            request_id_var.reset(token)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, *, length: int | None) -> Answer | None:
        """What is to be said when the body did not come; the other app then says nothing."""
        is_small = length is not None and length <= SMALL_BYTES
        patient, answered = PatientReceive(receive), _Answered(send)
        try:
            await self.other(scope, receive if is_small else patient, answered)
        except OSError as error:  # around Django, which puts large bodies on the disk: nobody of ours could explain
            if answered.has_begun:
                raise
            return _read_shortage(error)
        if not patient.gave_up:
            return None
        return read_error(JobError("incomplete_upload", "The upload stopped on its way.", hint="Send it again."))


class _Answered:
    """Hands on what is sent. Has anything been?"""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.has_begun = True
        await self._send(message)


async def _judge(scope: Scope, headers: Mapping[bytes, str], held: AsyncExitStack) -> Answer | None:
    """Cheap questions first. ``held``: what this body keeps from others until it is dealt with."""
    try:
        length = _read_length(headers)
        takes_files = FILES_COME_TO.fullmatch(scope["path"]) is not None
        _check_size(length, limit=max_form_bytes() if takes_files else MAX_BODY_BYTES)
        if _is_worth_a_look(scope, headers, length=length, takes_files=takes_files):
            if takes_files or scope["path"].startswith(API):
                await _check_caller(scope, headers, length=length)
            _check_length(length)
            _check_type(headers, takes_files=takes_files)
            check_disk(adding=COPIES * (length or 0))
            if length is not None and length > LARGE_BYTES:
                held.enter_context(take_place())
    except (JobError, APIException) as error:
        return read_error(error)
    except (DatabaseError, InterfaceError):
        return None  # the view will say so
    except OSError as error:
        return _read_shortage(error)
    return None


def _read_shortage(error: OSError) -> Answer:
    """No room, or no file descriptor left. Any other trouble is a fault of ours and passes through."""
    answer = read_error(error)
    if answer.status != SHORTAGE:
        raise error
    logger.warning("A request could not be answered: %s", error)
    return answer


def _check_size(length: int | None, *, limit: int) -> None:
    if length is not None and length > limit:
        raise refuse_size(limit)


def _is_worth_a_look(scope: Scope, headers: Mapping[bytes, str], *, length: int | None, takes_files: bool) -> bool:
    if length is None:
        return True
    if length <= SMALL_BYTES and b"expect" not in headers:
        return False
    return takes_files or scope["path"].startswith(API)


def _check_type(headers: Mapping[bytes, str], *, takes_files: bool) -> None:
    declared = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    if takes_files and declared != FORM_TYPE:
        raise UnsupportedMediaType(declared or "(none)")


def _read_length(headers: Mapping[bytes, str]) -> int | None:
    """Of the body; None where one comes in chunks of unknown number."""
    if b"transfer-encoding" in headers:
        return None
    length = headers.get(b"content-length", "0")
    return int(length) if length.isdecimal() else 0


def _check_length(length: int | None) -> None:
    if length is None:
        raise JobError("length_required", "Send a Content-Length.")


async def _check_caller(scope: Scope, headers: Mapping[bytes, str], *, length: int | None) -> None:
    """Nobody fills the disk without credentials. What they allow is for the view to say.

    What fits into memory is not worth a look into the database, which the view takes anyway.
    """
    if length is not None and length <= settings.FILE_UPLOAD_MAX_MEMORY_SIZE and b"expect" not in headers:
        _check_credentials(headers)
        return
    try:
        user = await authenticate_scope(scope)
    except PermissionDenied:
        return
    if user is None:
        raise _refuse_nobody()


def _check_credentials(headers: Mapping[bytes, str]) -> None:
    """Are there any, and do they look like ours?"""
    header = headers.get(b"authorization")
    if header is None and settings.SESSION_COOKIE_NAME not in headers.get(b"cookie", ""):
        raise _refuse_nobody()
    if header is not None and parse_token(header.partition(" ")[2].strip()) is None:
        raise JobError("invalid_api_key", "The API key is wrong, expired or revoked.")


def _refuse_nobody() -> JobError:
    return JobError("not_authenticated", "Who is calling? Credentials are missing.")


async def _refuse(receive: Receive, send: Send, answer: Answer, *, request_id: str) -> None:
    """The body is not taken in, so the connection cannot be used again."""
    body = json.dumps(build_error(answer.code, answer.message, answer.status, hint=answer.hint,
                                  details=answer.details)).encode()  # fmt: skip
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-ID": request_id,
        "X-Content-Type-Options": "nosniff",
        **list_headers(answer),
    }
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await _linger(receive)
    await send({"type": "http.response.body"})


async def _linger(receive: Receive) -> None:
    """Whoever is still sending would lose the answer with a connection that is cut: so it stays open for a moment."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while (await receive()).get("more_body"):
                pass
