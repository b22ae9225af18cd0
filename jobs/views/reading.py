"""How is a form with files read for a page? By the API's own parser, so that here, too, no part is lost in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from jobs.incoming import read_form

FORM_TYPE = "multipart/form-data"


def takes_forms(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for people who are signed in. Its token is looked for in the form, which only ``read_sent_form`` may read:
    so the view itself asks for it, by ``csrf_protect`` around whatever does something."""
    return csrf_exempt(login_required(require_http_methods(["GET", "HEAD", "POST"])(view)))


def read_sent_form(request: HttpRequest) -> None:
    """Fills ``POST`` and ``FILES``, or ``JobError``. Forms without files are left to Django."""
    if request.content_type != FORM_TYPE:
        return
    fields, files = read_form(
        request, content_type=request.META["CONTENT_TYPE"], length=int(request.META.get("CONTENT_LENGTH") or 0)
    )
    opened: Any = request
    opened.POST, opened._files = fields, files  # where Django keeps what it has read, and closes it with the request
