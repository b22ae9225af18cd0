"""How are callers refused? The one error envelope of the API, and the page for those who came too often."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from image2model.middleware import request_id_var
from image2model.next_steps import NEXT_STEPS

# Where this request's refusal is noted for its line in the log; a list, so that threads of the request share it.
refusals_var: ContextVar[list[str] | None] = ContextVar("refusals", default=None)


def build_error(
    code: str, message: str, status: int, *, hint: str = "", details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``hint`` is the next step: what the caller says, or what helps with such an error in general. ``details`` appear
    only when there is something to say."""
    if (noted := refusals_var.get()) is not None:
        noted.append(code)
    envelope: dict[str, Any] = {
        "error": True,
        "error_code": code,
        "message": message,
        "status_code": int(status),
        "request_id": request_id_var.get() or uuid4().hex,
    }
    if step := hint or NEXT_STEPS.get(code):
        envelope["hint"] = step
    if details:
        envelope["details"] = dict(details)
    return envelope


def list_limit_headers(*, limit: int, remaining: int, resets_at: float) -> dict[str, str]:
    """How many may come, how many of them are left, and when (seconds since 1970) there will be one more."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, remaining)),
        "X-RateLimit-Reset": str(math.ceil(resets_at)),
    }


def list_refusal_headers(details: Mapping[str, Any], *, retry_after: int) -> dict[str, str]:
    """Of a 429: when to come back, and of which limit it speaks, where the details name one."""
    headers = {"Retry-After": str(retry_after)}
    if (limit := details.get("limit")) is None:
        return headers
    left = limit - details["active"] if "active" in details else 0
    return headers | list_limit_headers(limit=limit, remaining=left, resets_at=time.time() + retry_after)


def render_too_many(request: HttpRequest, *, seconds: int, message: str) -> HttpResponse:
    """The 429 page: what happened, and when to come back."""
    context = {"message": message, "minutes": math.ceil(seconds / 60)}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
