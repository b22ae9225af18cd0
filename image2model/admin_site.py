"""What does the admin's start page tell? Today's work, what waits, who works, what is full."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

ALIVE_WITHIN = timedelta(seconds=60)


class ProductAdminSite(admin.AdminSite):
    site_title = site_header = "Image2Model"
    index_title = "Today"
    index_template = "admin/today.html"

    def get_urls(self) -> list[Any]:
        """Without the way from a row to its page: no model has one, and for some the look-up itself fails."""
        admin.autodiscover()
        found = [entry for entry in super().get_urls() if getattr(entry, "name", "") != "view_on_site"]
        return [*self._list_operations(), *found]

    def _list_operations(self) -> list[URLPattern]:
        from image2model.ops.operations import send_test, show_operations

        return [
            path("operations/", self.admin_view(show_operations), name="operations"),
            path("operations/test/", self.admin_view(send_test), name="operations_test"),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**(extra_context or {}), "today": describe_today()})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """On every page: what is wrong with FAL, and what waits for a person's word."""
        context: dict[str, Any] = super().each_context(request)
        return context | {"fal": _read_standing() if self.has_permission(request) else None}


def _read_standing() -> Any:
    from jobs.services.fal.standing import read_standing

    return read_standing()


class ProductAdminConfig(SimpleAdminConfig):
    """The models' pages load with the addresses of the site: each worker needs 15 MB less without them."""

    default_site = "image2model.admin_site.ProductAdminSite"


def describe_today() -> dict[str, Any]:
    """The figures of the start page, each asked now."""
    from jobs.models import Artifact, Attempt, Generation, Job, LedgerEntry, SourceImage, WorkerHeartbeat

    since = timezone.now() - timedelta(hours=24)
    jobs = Job.objects.present()
    workers = WorkerHeartbeat.objects.filter(beat_at__gte=timezone.now() - ALIVE_WITHIN)
    disk = shutil.disk_usage(settings.DATA_DIR)
    return {
        "jobs": jobs.filter(created_at__gte=since).count(),
        "models": Generation.objects.filter(status="completed", finished_at__gte=since).count(),
        "failures": Generation.objects.filter(status="failed", finished_at__gte=since).count(),
        "waiting": list(
            Generation.objects.filter(status="queued").values("engine").annotate(number=Count("id")).order_by("engine")
        ),
        "running": Generation.objects.filter(status="processing").count(),
        "sent": LedgerEntry.objects.filter(sent_at__gte=_begin_of_day()).count(),
        "spent": _sum_up(LedgerEntry.objects.filter(sent_at__gte=_begin_of_day(), state="actual")),
        "held": _sum_up(LedgerEntry.objects.filter(state="held")),
        "unknown": Attempt.objects.unresolved().count(),
        "workers": list(workers.values("queue").annotate(number=Count("name")).order_by("queue")),
        "stored_bytes": (Artifact.objects.aggregate(total=Sum("size"))["total"] or 0)
        + (SourceImage.objects.aggregate(total=Sum("size"))["total"] or 0),
        "free_bytes": disk.free,
        "latest_failures": Generation.objects.filter(status="failed", finished_at__gte=since)
        .select_related("owner")
        .order_by("-finished_at")[:5],
    }


def _begin_of_day() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _sum_up(entries: QuerySet[Any]) -> Decimal:
    return entries.aggregate(total=Sum("amount"))["total"] or Decimal()
