"""How are callers refused? The one error envelope of the API, and the page for those who came too often."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from image2model.middleware import request_id_var


def build_error(
    code: str, message: str, status: int, *, hint: str = "", details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``hint`` and ``details`` appear only when there is something to say."""
    envelope: dict[str, Any] = {
        "error": True,
        "error_code": code,
        "message": message,
        "status_code": int(status),
        "request_id": request_id_var.get() or uuid4().hex,
    }
    if hint:
        envelope["hint"] = hint
    if details:
        envelope["details"] = dict(details)
    return envelope


def render_too_many(request: HttpRequest, *, seconds: int, message: str) -> HttpResponse:
    """The 429 page: what happened, and when to come back."""
    context = {"message": message, "minutes": math.ceil(seconds / 60)}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
