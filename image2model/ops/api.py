"""How does the outside learn whether the product works? Contract section 6."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, InterfaceError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.ops import health
from image2model.ops.health import Finding, Health
from image2model.ops.serializers import (
    DetailedHealthSerializer,
    HealthSerializer,
    LivenessSerializer,
    ReadinessSerializer,
)
from image2model.rest import ApiView
from image2model.version import VERSION

SERVICE = "image2model"


class OpenView(ApiView):
    """For everybody, and answered without looking at the caller: neither database nor Redis is needed."""

    authentication_classes = []
    permission_classes = [AllowAny]


class HealthView(OpenView):
    @document("get_health", responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        """Does the process answer?"""
        return _answer(_introduce(Health.HEALTHY))


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
        findings = health.run_checks(health.READINESS)
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
        is_known = _is_known(request)
        findings = health.run_checks(health.ALL)
        summary = health.sum_up(findings)
        body = _introduce(summary) | {
            "uptime_seconds": health.uptime_seconds(),
            "workers": findings["workers"].details.get("count"),
            "system": health.describe_system() if is_known else {},
            "components": _describe(findings, with_details=is_known),
        }
        return _answer(body, status=503 if summary == Health.UNHEALTHY else 200)


def _is_known(request: Request) -> bool:
    try:
        return bool(request.user and request.user.is_authenticated)
    except (DatabaseError, InterfaceError):
        return False


def _introduce(status: Health) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"status": status, "service": SERVICE, "version": VERSION, "timestamp": now}


def _describe(findings: Mapping[str, Finding], *, with_details: bool) -> dict[str, Any]:
    return {
        name: {"status": found.status, "response_time_ms": found.response_time_ms}
        | ({"details": found.details} if with_details else {})
        for name, found in findings.items()
    }


def _answer(body: Mapping[str, Any], *, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    if status == 503:
        headers["Retry-After"] = "5"
    return Response(body, status=status, headers=headers)
