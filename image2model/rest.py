"""What do all calls of the API have in common? Strict about query, body and encoding; the same words for refusals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Refusal(APIException):
    """A request cannot be met; ``code`` is one of the wire contract's."""

    def __init__(
        self, code: str, message: str, *, status: int = 400, hint: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, code)
        self.code = code
        self.status_code = status
        self.hint = hint
        self.details = dict(details or {})


class ApiView(APIView):
    """``query_fields``: the query parameters that a GET takes; any other is refused."""

    query_fields: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "OPTIONS":  # a browser asks without credentials what it may send with them
            return
        super().initial(request, *args, **kwargs)
        check_encoding(request)
        check_length(request)
        check_query(request, allowed=self.query_fields)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return Response()  # says what is allowed in its header, as every answer does


def check_encoding(request: Request) -> None:
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding.lower() != "identity":
        raise Refusal("unsupported_content_encoding", "Send the body as it is, not compressed.", status=415)


def check_length(request: Request) -> None:
    """A body of unknown length cannot be admitted: nobody knows whether it fits."""
    has_length = bool(request.META.get("CONTENT_LENGTH"))
    if request.method in BODY_METHODS and not has_length and "HTTP_TRANSFER_ENCODING" in request.META:
        raise Refusal("length_required", "Send a Content-Length.", status=411)


def check_query(request: Request, *, allowed: frozenset[str]) -> None:
    for name, values in request.query_params.lists():
        if name not in allowed:
            known = f"It takes {', '.join(sorted(allowed))}." if allowed else "It takes none."
            raise refuse_parameter(name, f"There is no query parameter {name[:80]!r} here.", hint=known)
        if len(values) > 1 or "\0" in values[0]:
            raise refuse_parameter(name, f"{name} must be given once, as text.")


def refuse_parameter(name: str, message: str, *, hint: str = "") -> Refusal:
    return Refusal("invalid_parameter", message, hint=hint, details={"parameter": name[:80]})


def check_fields(fields: Mapping[str, Any], *, allowed: frozenset[str]) -> None:
    """Refuse a field that this call does not know: a misspelt one must not cost money."""
    unknown = sorted(str(name) for name in fields if name not in allowed)
    if unknown:
        known = f"It takes {', '.join(sorted(allowed))}." if allowed else "It takes none."
        raise Refusal("unknown_parameter", f"There is no field {unknown[0][:80]!r} here.", hint=known,
                      details={"parameter": unknown[0][:80]})  # fmt: skip


def read_body(request: Request, *, allowed: frozenset[str]) -> dict[str, Any]:
    """The JSON object that was sent, with no field that this call does not know; empty for no body."""
    body = dict(request.data)
    check_fields(body, allowed=allowed)
    return body


def read_id(text: Any, *, what: str = "ID") -> UUID:
    """An id in its usual form."""
    if not isinstance(text, str) or not CANONICAL_UUID.fullmatch(text):
        raise Refusal("invalid_id", f"Invalid {what} format", hint="Ids are UUIDs.")
    return UUID(text)
