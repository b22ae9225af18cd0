"""Which request is this? Every answer carries ``X-Request-ID``, taken from the caller when it is a sane token."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject, empty

SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
RECORD_KEY = "image2model.record"  # where the ASGI side keeps what it tells of a request in log and metrics
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
        if record := _find_record(request):
            record.user_id = read_known_user(request)
        return response

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        record = _find_record(request)
        if record and request.resolver_match:
            record.route = request.resolver_match.route.removesuffix("/") or "/"


def _find_record(request: HttpRequest) -> Any:
    return getattr(request, "scope", {}).get(RECORD_KEY)


def read_known_user(request: HttpRequest) -> int | None:
    """Who was found to be calling. Does not look: a request that asked nobody must not ask the database now."""
    user: Any = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user.__dict__.get("_wrapped", empty) is empty:
        return None
    return getattr(user, "pk", None)
