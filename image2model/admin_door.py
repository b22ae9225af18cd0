"""Who reaches the pages of the admin at all? Those who come from where they may, with the second factor if wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.addresses import is_within, read_address
from accounts.models import User
from accounts.two_factor import must_prove


class AdminDoorMiddleware:
    """Before any page of the admin and of the queues: the address that may, and the second factor where it is wanted.

    From elsewhere there is nothing at this address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Here, so that a refusal becomes the page that every refusal is."""
        prefix = f"/{settings.ADMIN_PATH}/"
        if not request.path_info.startswith(prefix):
            return None
        if settings.ADMIN_ADDRESSES and not is_within(read_address(request), settings.ADMIN_ADDRESSES):
            raise Http404
        is_leaving = request.path_info.removeprefix(prefix).rstrip("/") in ("login", "logout")
        if not is_leaving and isinstance(request.user, User) and must_prove(request.user, request.session):
            return redirect("security")
        return None
