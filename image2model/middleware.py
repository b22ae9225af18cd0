"""Which request is this? Every answer carries ``X-Request-ID``, taken from the caller when it is a sane token."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
request_id_var: ContextVar[str] = ContextVar("request_id", default="")


def choose_request_id(offered: str | None) -> str:
    """The caller's own token when it can be logged and sent back safely, else a new one."""
    return offered if offered and SANE.fullmatch(offered) else uuid4().hex


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = choose_request_id(request.headers.get("X-Request-ID"))
        token = request_id_var.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            request_id_var.reset(token)
        response["X-Request-ID"] = request_id
        return response
