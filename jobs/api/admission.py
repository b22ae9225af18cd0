"""May this body come in at all? Asked before a byte of it is read: Django takes it whole before any view."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from django.db import DatabaseError, InterfaceError
from rest_framework.exceptions import APIException, PermissionDenied

from accounts.auth import authenticate_scope
from image2model.answers import build_error
from image2model.middleware import choose_request_id, request_id_var
from jobs.api.errors import Answer, list_headers, read_error
from jobs.api.parsers import max_form_bytes, refuse_size
from jobs.errors import JobError
from jobs.services import check_disk

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/api/"
LARGE_BYTES = 64 * 1024  # a body from here on is worth a look at the caller first


class Admission:
    """Refuses what cannot be taken in; everything else goes on to the other app."""

    def __init__(self, other: App) -> None:
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}
        request_id = choose_request_id(headers.get(b"x-request-id"))
        token = request_id_var.set(request_id)
        try:
            answer = await _judge(scope, headers)
            if answer is not None:
                await _refuse(send, answer, request_id=request_id)
                return
        finally:
            request_id_var.reset(token)
        await self.other(scope, receive, send)


async def _judge(scope: Scope, headers: Mapping[bytes, str]) -> Answer | None:
    try:
        length = _read_length(headers)
        if length is not None and length > max_form_bytes():
            raise refuse_size(max_form_bytes())
        if scope["path"].startswith(API) and (length is None or length > LARGE_BYTES or b"expect" in headers):
            await _check_caller(scope, headers)
            _check_length(length)
            check_disk(adding=length or 0)
    except (JobError, APIException) as error:
        return read_error(error)
    except (DatabaseError, InterfaceError):
        return None  # the view will say so
    return None


def _read_length(headers: Mapping[bytes, str]) -> int | None:
    """Of the body; None where one comes in chunks of unknown number."""
    if b"transfer-encoding" in headers:
        return None
    length = headers.get(b"content-length", "0")
    return int(length) if length.isdecimal() else 0


def _check_length(length: int | None) -> None:
    if length is None:
        raise JobError("length_required", "Send a Content-Length.")


async def _check_caller(scope: Scope, headers: Mapping[bytes, str]) -> None:
    """Nobody fills the disk without credentials. What they allow is for the view to say."""
    try:
        user = await authenticate_scope(scope)
    except PermissionDenied:
        return
    if user is None:
        raise JobError("not_authenticated", "Who is calling? Credentials are missing.")


async def _refuse(send: Send, answer: Answer, *, request_id: str) -> None:
    """The body stays unread, so the connection cannot be used again."""
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
    await send({"type": "http.response.body", "body": body})
