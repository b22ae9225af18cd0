"""What do all requests and answers have in common? An id, headers that bind browsers, pages without inline code."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers
from django.utils.functional import LazyObject, empty

SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
RECORD_KEY = "image2model.record"  # where the ASGI side keeps what it tells of a request in log and metrics
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "geolocation",
        "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
        "publickey-credentials-get", "screen-wake-lock", "serial", "usb",
    )
)  # fmt: skip
INLINE_CODE = re.compile(
    r"<script(?![^>]*\ssrc=)[^>]*>.*?</script>|<style[^>]*>.*?</style>"  # elements
    r"|(?<=\s)(?:on[a-z]+|style)=\"[^\"<]*\"",  # and attributes, which text cannot fake: its quotes are escaped
    re.DOTALL,
)
request_id_var: ContextVar[str] = ContextVar("request_id", default="")


def choose_request_id(offered: str | None) -> str:
    """The caller's own token when it can be logged and sent back safely, else a new one."""
    return offered if offered and SANE.fullmatch(offered) else uuid4().hex


class CompressionMiddleware(GZipMiddleware):
    """Of pages alone: files are compressed already or asked for in parts, and a stream must not be held back.

    Django's own adds random bytes, so that the length of an answer tells nothing of the tokens in it.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


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


class PrivacyMiddleware:
    """What a page of ours may do in a browser, and who may keep an answer: nobody, unless its view says otherwise.

    An answer to somebody who is signed in, or that sets a cookie, is theirs alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store" if is_personal(request, response) else "no-cache"
            patch_vary_headers(response, ("Cookie", "Authorization"))
        return response


def is_personal(request: HttpRequest, response: HttpResponse) -> bool:
    """Known without asking the database: somebody was found to be calling, came with credentials, or gets some."""
    return bool(
        read_known_user(request)
        or response.cookies
        or "HTTP_AUTHORIZATION" in request.META
        or settings.SESSION_COOKIE_NAME in request.COOKIES
    )


class QueuePagesMiddleware:
    """The pages of django-rq come with inline scripts and styles, which our policy forbids: they go without.

    Nothing is lost: Django's own ``actions.js`` does what the scripts meant, and ``admin.css`` has the styles.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html") and not response.streaming
        if is_page and request.resolver_match and "/django_rq/" in request.resolver_match.route:
            response.content = INLINE_CODE.sub("", response.text).encode()
            response["Content-Length"] = str(len(response.content))
        return response


def _find_record(request: HttpRequest) -> Any:
    return getattr(request, "scope", {}).get(RECORD_KEY)


def read_known_user(request: HttpRequest) -> int | None:
    """Who was found to be calling. Does not look: a request that asked nobody must not ask the database now."""
    user: Any = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user.__dict__.get("_wrapped", empty) is empty:
        return None
    return getattr(user, "pk", None)
