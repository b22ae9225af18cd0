"""Which pages belong to no app? The start page, the style page, the error pages."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_safe

from image2model.answers import build_error
from image2model.middleware import request_id_var
from jobs.api.errors import RETRY_AFTER, Answer, list_headers, read_error

API_PREFIX = "/api/"
SAMPLES = "samples"
WORDS = {
    400: ("bad_request", "The request could not be understood."),
    403: ("permission_denied", "You may not do this."),
    404: ("not_found", "There is nothing at this address."),
    500: ("internal_server_error", "Something went wrong on our side. It has been logged."),
}


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """What the product does, shown with live samples; ``?sample=`` chooses one, with or without a script."""
    samples = read_samples()
    chosen = [sample for sample in samples if sample["name"] == request.GET.get("sample")]
    context = {
        "samples": samples,
        "shown": next(iter(chosen or samples), None),
        "max_files": settings.MAX_FILES,
        "host": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "start.html", context)


def read_samples() -> list[dict[str, str]]:
    """The bundled samples with the addresses of their files; an empty list when there are none."""
    path = finders.find(f"{SAMPLES}/samples.json")
    if path is None:
        return []
    entries: list[dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))
    return [_address_files(entry) for entry in entries]


def _address_files(entry: Mapping[str, Any]) -> dict[str, str]:
    files = {kind: static(f"{SAMPLES}/{entry[kind]}") for kind in ("picture", "thumbnail", "model", "preview", "small")}
    return {"name": entry["name"], "title": entry["title"], **files}


@require_safe
def show_styles(request: HttpRequest) -> HttpResponse:
    """Every component of the design system with its markup, for those who build pages."""
    if not (settings.DEBUG or request.user.is_staff):
        raise Http404
    return render(request, "styleguide.html", {"icon_names": read_icon_names()})


def read_icon_names() -> list[str]:
    sprite = finders.find("img/icons.svg")
    return re.findall(r'<symbol id="([^"]+)"', Path(sprite).read_text(encoding="utf-8")) if sprite else []


def is_of_the_api(request: HttpRequest) -> bool:
    """Also without the slash at its end."""
    return f"{request.path}/".startswith(API_PREFIX)


def answer_400(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return answer_error(request, 400)


@requires_csrf_token
def answer_403(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return answer_error(request, 403)


@requires_csrf_token
def answer_404(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return answer_error(request, 404)


def answer_500(request: HttpRequest) -> HttpResponseBase:
    """Renders without request, user or database: any of them may be what broke."""
    error = sys.exc_info()[1]
    answer = read_error(error) if isinstance(error, Exception) else None
    if answer is not None and answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return _answer_unavailable(request, answer)
    if is_of_the_api(request):
        return answer_error(request, 500)
    return _render_plainly("500.html", status=500)


def _answer_unavailable(request: HttpRequest, answer: Answer) -> HttpResponseBase:
    """A part that we need is away: no fault of the program, and it comes back."""
    if not is_of_the_api(request):
        return render_unavailable(answer.message)
    response = _answer_json(answer.code, answer.message, 503)
    for name, value in list_headers(answer).items():
        response[name] = value
    return response


def render_unavailable(message: str) -> HttpResponse:
    """The page that says what cannot be reached, and when to come again."""
    response = _render_plainly("503.html", status=503, message=message)
    response["Retry-After"] = str(RETRY_AFTER[503])
    return response


def _render_plainly(template: str, *, status: int, message: str = "") -> HttpResponse:
    context = {"static_url": settings.STATIC_URL, "request_id": request_id_var.get(), "message": message}
    return HttpResponse(render_to_string(template, context), status=status)


def answer_csrf(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """A form that was open too long, or was sent from another site."""
    if is_of_the_api(request):
        return _answer_json("csrf_failed", "The CSRF token is missing or wrong.", 403)
    return render(request, "403_csrf.html", status=403)


def answer_error(request: HttpRequest, status: int) -> HttpResponseBase:
    """The error page, or the contract's envelope for callers of the API."""
    if is_of_the_api(request):
        return _answer_json(*WORDS[status], status)
    return render(request, f"{status}.html", status=status)


def _answer_json(code: str, message: str, status: int) -> JsonResponse:
    return JsonResponse(build_error(code, message, HTTPStatus(status)), status=status)
