"""How is the API documented? What every call says of itself; ``jobs/api/openapi`` finishes the document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema

Call = TypeVar("Call", bound=Callable[..., Any])


def document(operation_id: str, **facts: Any) -> Callable[[Call], Call]:
    """``request``, ``responses`` and ``parameters`` of one call, as drf-spectacular takes them."""
    return cast("Callable[[Call], Call]", extend_schema(operation_id=operation_id, **facts))


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[misc]
    target_class = "accounts.auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key: i2m_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[misc]
    target_class = "accounts.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "The portal's own pages."}


class AccessScheme(OpenApiAuthenticationExtension):  # type: ignore[misc]
    target_class = "jobs.api.views.base.AccessAuthentication"
    name = "access"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "query", "name": "access", "description": "A signed link to one job."}
