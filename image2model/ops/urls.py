"""Where are health, metrics, and the calls for staff?"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from django.http.response import HttpResponseBase

from image2model.addresses import both_forms
from image2model.ops import api, log_api, staff_api

ADDRESSES: dict[str, Callable[..., HttpResponseBase]] = {
    "health": api.ProcessHealthView.as_view(),
    "api/v1/health": api.HealthView.as_view(),
    "api/v1/health/liveness": api.LivenessView.as_view(),
    "api/v1/health/readiness": api.ReadinessView.as_view(),
    "api/v1/health/detailed": api.DetailedHealthView.as_view(),
    "api/v1/health/metrics": api.MetricsView.as_view(),
    "api/v1/admin/disk-usage": staff_api.DiskUsageView.as_view(),
    "api/v1/admin/system-health": staff_api.SystemHealthView.as_view(),
    "api/v1/admin/cleanup": staff_api.CleanupView.as_view(),
    "api/v1/admin/cleanup-job": staff_api.CleanupJobView.as_view(),
    "api/v1/admin/delete-job/<str:job_id>": staff_api.DeleteJobView.as_view(),
    "api/v1/admin/list-files": staff_api.ListFilesView.as_view(),
    "api/v1/logs/analyze": log_api.AnalyzeView.as_view(),
    "api/v1/logs/health": log_api.LogHealthView.as_view(),
    "api/v1/logs/summary/daily": log_api.DailySummaryView.as_view(),
}

urlpatterns = list(chain.from_iterable(both_forms(route, view) for route, view in ADDRESSES.items()))
