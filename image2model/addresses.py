"""How does one address answer with and without its trailing slash, without a redirect?"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponseBase
from django.urls import URLPattern, path

View = Callable[..., HttpResponseBase]


def address(route: str, view: View, name: str) -> list[URLPattern]:
    """Both forms of an address; links are made with the slash, because the last of a name is taken first."""
    bare = route.strip("/")
    return [path(bare, view, name=name), path(f"{bare}/", view, name=name)]


def both_forms(route: str, view: View, *, name: str = "") -> list[URLPattern]:
    """As ``address``, for the API: links are made without the slash."""
    return [path(f"{route}/", view), path(route, view, name=name) if name else path(route, view)]
