"""How do scripts manage their API keys? Contract section 7."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from django.http import Http404
from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey, Scope, User
from accounts.services import MAX_LIMIT, KeyLimits, create_api_key, revoke_api_key
from image2model.openapi import document
from image2model.rest import ApiView, read_body, read_id, refuse_parameter

LIMITS = ("uploads_per_minute", "active_generations")
KEY_FIELDS = frozenset({"name", "scopes", "expires_at", *LIMITS})
USUAL_SCOPES = [Scope.READ.value, Scope.WRITE.value]


class KeySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="the beginning of the key, to tell keys apart")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.values))
    uploads_per_minute = serializers.IntegerField(allow_null=True, help_text="null: only the user's limit holds")
    active_generations = serializers.IntegerField(allow_null=True, help_text="null: only the user's limit holds")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class KeyListSerializer(serializers.Serializer[Any]):
    results = KeySerializer(many=True)


def make_limit_field(about: str) -> serializers.IntegerField:
    return serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=MAX_LIMIT, help_text=about)


class NewKeySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.values), required=False, min_length=1, help_text="read and write"
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="in the future")
    uploads_per_minute = make_limit_field("at most so many uploads with this key; the user's limit holds as well")
    active_generations = make_limit_field(
        "at most so many generations of jobs made with this key wait or run; the user's limit holds as well"
    )


class ShownKeySerializer(KeySerializer):
    key = serializers.CharField(help_text="shown this once")


class KeysView(ApiView):
    """API keys of the caller."""

    @document("list_keys", responses=KeyListSerializer)
    def get(self, request: Request) -> Response:
        """My API keys, without the keys themselves."""
        keys = ApiKey.objects.filter(user=_find_caller(request))
        return Response({"results": [describe_key(key) for key in keys]})

    @document("create_key", request=NewKeySerializer, responses={201: ShownKeySerializer})
    def post(self, request: Request) -> Response:
        """A new API key. It is shown this once."""
        body = read_body(request, allowed=KEY_FIELDS)
        _refuse_limited_key(request)
        scopes = _read_scopes(body, request)
        key, raw = create_api_key(
            _find_caller(request),
            name=_read_name(body),
            scopes=scopes,
            expires_at=_read_expiry(body),
            limits=KeyLimits(**{name: _read_limit(body, name) for name in LIMITS}),
        )
        described = describe_key(key) | {"key": raw}
        return Response(described, status=201, headers={"Cache-Control": "no-store"})


class OneKeyView(ApiView):
    @document("revoke_key", request=None, responses={204: None})
    def delete(self, request: Request, key_id: str) -> Response:
        """End a key for good."""
        wanted = read_id(key_id, what="key ID")
        read_body(request, allowed=frozenset())
        key = ApiKey.objects.filter(user=_find_caller(request), pk=wanted, revoked_at=None).first()
        if key is None:
            raise Http404
        revoke_api_key(key)
        return Response(status=204)


def _find_caller(request: Request) -> User:
    return cast(User, request.user)


def describe_key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.pk),
        "name": key.name,
        "prefix": f"i2m_{key.prefix}",
        "scopes": key.scopes,
        "uploads_per_minute": key.uploads_per_minute,
        "active_generations": key.active_generations,
        "created_at": _format(key.created_at),
        "expires_at": _format(key.expires_at),
        "last_used_at": _format(key.last_used_at),
        "revoked_at": _format(key.revoked_at),
    }


def _format(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time else None


def _read_name(body: dict[str, Any]) -> str:
    name = body.get("name", "")
    if not isinstance(name, str):
        raise refuse_parameter("name", "name must be a text.")
    return name


def _read_scopes(body: dict[str, Any], request: Request) -> list[str]:
    """A key makes no key that may do more than itself."""
    scopes = body.get("scopes", USUAL_SCOPES)
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise refuse_parameter("scopes", "scopes must be a list of words.")
    known = set(scopes) & set(Scope.values)
    if isinstance(request.auth, ApiKey) and (lacking := sorted(known - set(request.auth.scopes))):
        raise PermissionDenied(f"This API key lacks the scope {lacking[0]}.", code="insufficient_scope")
    return scopes


def _refuse_limited_key(request: Request) -> None:
    """Ten keys of its making would be ten times its limits."""
    if isinstance(request.auth, ApiKey) and request.auth.has_limits:
        raise PermissionDenied("A key with limits of its own makes no keys.", code="permission_denied")


def _read_limit(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise refuse_parameter(name, f"{name} must be a whole number.")
    return value


def _read_expiry(body: dict[str, Any]) -> datetime | None:
    text = body.get("expires_at")
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
        if moment is not None:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        pass
    raise refuse_parameter("expires_at", "expires_at must be a time such as 2027-01-31T12:00:00Z.")
