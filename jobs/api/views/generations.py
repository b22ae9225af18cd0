"""How is one model, and what can be done with it? Contract section 4."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.rest import read_body
from jobs.api import requests, serializers
from jobs.api.fields import read_list, refuse
from jobs.api.links import find_links
from jobs.api.views.base import JobView
from jobs.describe import describe_generation
from jobs.models import Generation
from jobs.services import cancel_generation, request_formats, retry_generation

MAX_EDGE_MM = 10_000


class GenerationView(JobView):
    @document("get_generation", responses=serializers.GenerationSerializer)
    def get(self, request: Request, generation_id: str) -> Response:
        """One model with its pictures and files."""
        return answer_generation(request, self.find_generation(generation_id))


class GenerationCancelView(JobView):
    @document("cancel_generation", request=None, responses=serializers.GenerationSerializer)
    def post(self, request: Request, generation_id: str) -> Response:
        """Call it off."""
        read_body(request, allowed=frozenset())
        cancel_generation(self.find_generation(generation_id), actor=str(self.user))
        return answer_generation(request, self.find_generation(generation_id))


class GenerationRetryView(JobView):
    @document("retry_generation", request=None, responses=serializers.GenerationSerializer)
    def post(self, request: Request, generation_id: str) -> Response:
        """Run it again after it failed or was cancelled."""
        read_body(request, allowed=frozenset())
        retry_generation(self.find_generation(generation_id), actor=str(self.user))
        return answer_generation(request, self.find_generation(generation_id))


class FormatsView(JobView):
    @document(
        "request_formats",
        request=requests.FormatsRequestSerializer,
        responses={202: serializers.GenerationSerializer},
    )
    def post(self, request: Request, generation_id: str) -> Response:
        """Have more formats made of a finished model; they appear among its files."""
        generation = self.find_generation(generation_id)
        body = read_body(request, allowed=frozenset({"formats", "longest_edge_mm"}))
        formats = read_list(body, "formats")
        if not formats:
            raise refuse("formats", "formats must name at least one format.")
        request_formats(generation, formats=formats, options=_read_edge(body, formats=formats))
        return answer_generation(request, self.find_generation(generation_id), status=202)


def _read_edge(body: dict[str, Any], *, formats: list[str]) -> dict[str, float]:
    edge = body.get("longest_edge_mm")
    if edge is None:
        return {}
    if isinstance(edge, bool) or not isinstance(edge, int | float) or not 1 <= edge <= MAX_EDGE_MM:
        raise refuse("longest_edge_mm", f"longest_edge_mm must be a number from 1 to {MAX_EDGE_MM:,}.")
    if "stl" not in formats:
        raise refuse("longest_edge_mm", "longest_edge_mm goes with the format stl.")
    return {"longest_edge_mm": float(edge)}


def answer_generation(request: Request, generation: Generation, *, status: int = 200) -> Response:
    described = describe_generation(generation, links=find_links(request))
    headers = {"Cache-Control": "private, no-store"}
    if generation.is_active:
        headers["Retry-After"] = str(max(1, min(60, described["eta_seconds"] or 1)))
    return Response(described, status=status, headers=headers)
