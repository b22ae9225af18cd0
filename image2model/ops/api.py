"""How does the outside learn whether the product works? Contract section 6, for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils.crypto import constant_time_compare
from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.ops import checks, health, system
from image2model.ops.alive import introduce
from image2model.ops.health import Finding, Health
from image2model.ops.serializers import (
    DetailedHealthSerializer,
    HealthSerializer,
    LivenessSerializer,
    ReadinessSerializer,
)
from image2model.rest import ApiView

METRICS_TYPE = "text/plain"


class OpenView(ApiView):
    """For everybody, and answered without looking at the caller: neither database nor Redis is needed."""

    authentication_classes = []
    permission_classes = [AllowAny]


class HealthView(OpenView):
    @document("get_health", responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        """Does the process answer?"""
        return _answer(introduce(Health.HEALTHY))


class ProcessHealthView(HealthView):
    """Under the address that load balancers and containers ask."""

    @document("get_process_health", responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        """Does the process answer?"""
        return super().get(request)


class LivenessView(OpenView):
    @document("get_liveness", responses=LivenessSerializer)
    def get(self, request: Request) -> Response:
        """Is the process alive?"""
        return _answer({"status": "alive"})


class ReadinessView(OpenView):
    @document("get_readiness", responses={200: ReadinessSerializer, 503: ReadinessSerializer})
    def get(self, request: Request) -> Response:
        """Can it take work? Needs the database and the storage."""
        findings = health.run_checks(checks.READINESS)
        failed = health.name_failed(findings)
        body = {
            "status": "not_ready" if failed else "ready",
            "components": _describe(findings, with_details=False),
            "failed": failed,
        }
        return _answer(body, status=503 if failed else 200)


class DetailedHealthView(ApiView):
    permission_classes = [AllowAny]

    def perform_authentication(self, request: Request) -> None:
        """Later, and only if it can be done: the database may be what is down."""

    @document("get_detailed_health", responses={200: DetailedHealthSerializer, 503: DetailedHealthSerializer})
    def get(self, request: Request) -> Response:
        """How is every part?"""
        findings = health.run_checks(checks.ALL)
        is_known = findings["database"].status != Health.UNHEALTHY and _is_known(request)
        summary = health.sum_up(findings)
        body = introduce(summary) | {
            "uptime_seconds": system.uptime_seconds(),
            "workers": findings["workers"].details.get("count"),
            "system": system.describe_system(settings.DATA_DIR) if is_known else {},
            "components": _describe(findings, with_details=is_known),
        }
        return _answer(body, status=503 if summary == Health.UNHEALTHY else 200)


class MetricsRenderer(BaseRenderer):
    """Prometheus' text. Chosen also by callers that ask for another kind of text."""

    media_type = METRICS_TYPE
    format = "txt"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return data


class MetricsView(OpenView):
    renderer_classes = [MetricsRenderer]

    @document(
        "get_metrics", responses={(200, METRICS_TYPE): OpenApiTypes.STR, (401, "application/json"): OpenApiTypes.OBJECT}
    )
    def get(self, request: Request) -> Response:
        """Counts and gauges of the whole installation, for Prometheus."""
        check_metrics_token(request.META.get("HTTP_AUTHORIZATION"))
        from image2model.ops import metrics  # loads prometheus_client, which most processes never need

        return Response(metrics.render_metrics(), content_type=metrics.CONTENT_TYPE, headers=_UNSTORED)


def check_metrics_token(header: str | None) -> None:
    """``METRICS_TOKEN`` as a bearer; anybody without one set."""
    if not settings.METRICS_TOKEN:
        return
    if header is None:
        raise NotAuthenticated
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        raise AuthenticationFailed("The token is wrong.", code="invalid_api_key")


def _is_known(request: Request) -> bool:
    try:
        return bool(request.user and request.user.is_authenticated)
    except (DatabaseError, InterfaceError):
        return False


def _describe(findings: Mapping[str, Finding], *, with_details: bool) -> dict[str, Any]:
    return {
        name: {"status": found.status, "response_time_ms": found.response_time_ms}
        | ({"details": found.details} if with_details else {})
        for name, found in findings.items()
    }


_UNSTORED = {"Cache-Control": "no-store"}


def _answer(body: Mapping[str, Any], *, status: int = 200) -> Response:
    return Response(body, status=status, headers=_UNSTORED | ({"Retry-After": "5"} if status == 503 else {}))
