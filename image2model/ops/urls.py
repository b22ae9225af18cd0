"""Where are health, metrics, and the calls for staff?"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from django.http.response import HttpResponseBase

from image2model.addresses import both_forms
from image2model.ops import api

ADDRESSES: dict[str, Callable[..., HttpResponseBase]] = {
    "health": api.ProcessHealthView.as_view(),
    "api/v1/health": api.HealthView.as_view(),
    "api/v1/health/liveness": api.LivenessView.as_view(),
    "api/v1/health/readiness": api.ReadinessView.as_view(),
    "api/v1/health/detailed": api.DetailedHealthView.as_view(),
    "api/v1/health/metrics": api.MetricsView.as_view(),
}

urlpatterns = list(chain.from_iterable(both_forms(route, view) for route, view in ADDRESSES.items()))
