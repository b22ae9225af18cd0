"""Who is calling, and may they? API keys, sessions and scopes, for REST framework and for raw ASGI connections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import close_old_connections
from django.utils.crypto import constant_time_compare
from rest_framework import authentication, permissions
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from accounts.models import ApiKey, Scope, User
from accounts.services import find_api_key, note_key_use
from accounts.two_factor import must_prove

if TYPE_CHECKING:  # REST framework's views load the classes of this module while they are themselves being loaded
    from rest_framework.views import APIView


def authenticate_header(header: str) -> ApiKey:
    """The usable key of an ``Authorization`` header. Anything else in that header is refused, not ignored."""
    scheme, _, raw = header.partition(" ")
    key = find_api_key(raw.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise AuthenticationFailed("The API key is wrong, expired or revoked.", code="invalid_api_key")
    note_key_use(key)
    return key


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer i2m_…``; the key is ``request.auth``."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        key = authenticate_header(header)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The portal's own pages, with CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise PermissionDenied("The CSRF token is missing or wrong.", code="csrf_failed") from error


class HasScope(permissions.BasePermission):
    """Safe methods need ``read``, others ``write``. A view may say otherwise:

    ``required_scope = "read"`` for a POST that changes nothing, ``staff_only = True`` for staff with scope ``admin``.
    A session has every scope that its user may have.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            raise NotAuthenticated
        staff_only = getattr(view, "staff_only", False)
        if staff_only and not request.user.is_staff:
            raise PermissionDenied("Only staff may do this.", code="permission_denied")
        if staff_only and not request.auth and must_prove(request.user, request.session):
            raise PermissionDenied("Set up a second factor in your account first.", code="permission_denied")
        if isinstance(request.auth, ApiKey):
            check_scope(request.auth, Scope.ADMIN if staff_only else _choose_scope(request, view))
        return True


def check_scope(key: ApiKey, scope: str) -> None:
    if scope not in key.scopes:
        raise PermissionDenied(f"This API key lacks the scope {scope}.", code="insufficient_scope")


def _choose_scope(request: Request, view: APIView) -> str:
    usual = Scope.READ if request.method in permissions.SAFE_METHODS else Scope.WRITE
    return cast(str, getattr(view, "required_scope", None) or usual)


async def authenticate_scope(scope: Mapping[str, Any]) -> User | None:
    """Who opened this ASGI connection, by header or session cookie; None for nobody.

    Raises ``AuthenticationFailed`` for a bad key, ``PermissionDenied`` for one that may not read.
    Leaves no database connection behind: the stream that follows may be open for hours.
    """
    return await sync_to_async(_identify)(scope["headers"])


def _identify(headers: Iterable[tuple[bytes, bytes]]) -> User | None:
    values = {name.lower(): value.decode("latin-1") for name, value in headers}
    try:
        if (header := values.get(b"authorization")) is not None:
            key = authenticate_header(header)
            check_scope(key, Scope.READ)
            return key.user
        return _find_session_user(_read_session_cookie(values.get(b"cookie", "")))
    finally:
        close_old_connections()


def _read_session_cookie(header: str) -> str:
    try:
        cookie = SimpleCookie(header).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _find_session_user(session_key: str) -> User | None:
    """As Django's ``get_user``, but without its writes: a stream has no answer that could set a new cookie."""
    if not session_key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = User.objects.filter(pk=session[SESSION_KEY], is_active=True).first()
    return user if user and _hash_matches(user, session.get(HASH_SESSION_KEY, "")) else None


def _hash_matches(user: User, session_hash: str) -> bool:
    """False after the password was changed elsewhere."""
    valid = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(session_hash, candidate) for candidate in valid)
