"""Which engines are there, what would work cost, and how did old clients start it? Contract section 4."""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.rest import read_body, read_id
from jobs import catalog, progress
from jobs.api import requests, serializers
from jobs.api.fields import read_idempotency_key, read_options, read_text, read_whole_number, refuse
from jobs.api.views.base import CountedJobView, JobView
from jobs.api.views.uploads import answer_submission, estimate_job
from jobs.describe import format_money
from jobs.services import (
    Idempotency,
    Wishes,
    arrange,
    choose_engine,
    find_stored_images,
    fingerprint,
    money,
    offered_engines,
    submit_job,
)

QUALITIES = {"low": "standard", "medium": "standard", "high": "hd"}  # old clients' word: texture


class EnginesView(JobView):
    @document("list_engines", responses=serializers.EngineSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All engines, those on offer first, each with the options that it knows."""
        offered = offered_engines()
        rest = [entry for entry in catalog.ENGINES.values() if entry not in offered]
        return Response([_describe(entry, available=entry in offered) for entry in [*offered, *rest]])


class EstimateView(JobView):
    required_scope = "read"  # asks, and changes nothing

    @document("estimate", request=requests.EstimateRequestSerializer, responses=serializers.EstimateSerializer)
    def post(self, request: Request) -> Response:
        """What a number of generations would cost and take."""
        body = read_body(request, allowed=frozenset({"engine", "count", "options"}))
        engine = choose_engine(read_text(body, "engine", limit=60))
        count = read_whole_number(body.get("count"), "count", minimum=1, maximum=settings.MAX_FILES, default=1)
        answer = money.estimate(engine, options=read_options(body), count=count)
        return Response(_describe_estimate(answer) | {"budget": money.describe_budget(self.user)})


class GenerateView(CountedJobView):
    @document(
        "generate",
        request=requests.GenerateRequestSerializer,
        responses=serializers.GenerateSerializer,
        parameters=[requests.IDEMPOTENCY_KEY, requests.PREFER],
    )
    def post(self, request: Request) -> Response:
        """One stored picture to one model, in the words of old clients."""
        key = read_idempotency_key(request)
        fields = frozenset({"file_id", "model_type", "quality", "texture_enabled", "face_limit"})
        body = read_body(request, allowed=fields)
        stored = find_stored_images(self.user, file_ids=[read_id(body.get("file_id"), what="file ID")])
        wishes = Wishes(engine=read_text(body, "model_type", limit=60), options=_read_old_options(body))
        known = Idempotency(key=key, fingerprint=fingerprint("generate", body)) if key else None
        items = arrange(stored, views=())
        submission = submit_job(self.user, items=items, wishes=wishes, idempotency=known, api_key=self.api_key)
        job = submission.job
        answer = {
            "job_id": str(job.pk),
            "task_id": str(job.task_id),
            "status": job.status,
            "estimated_time": estimate_job(list(job.generations.all()))["seconds"],
        }
        return answer_submission(submission, answer, status=200)


def _describe(entry: catalog.EngineEntry, *, available: bool) -> dict[str, Any]:
    return {
        "name": entry.name,
        "id": entry.id,
        "description": entry.about,
        "type": "image_to_3d",
        "provider": entry.provider,
        "supported_formats": list(entry.formats),
        "price": format_money(entry.price),
        "typical_seconds": math.ceil(progress.typical_seconds(entry.id)),
        "options": entry.describe_options(),
        "available": available,
    }


def _describe_estimate(estimate: money.Estimate) -> dict[str, Any]:
    return {
        "amount": format_money(estimate.amount),
        "currency": estimate.currency,
        "seconds": estimate.seconds,
        "per_generation": format_money(estimate.per_generation),
    }


def _read_old_options(body: dict[str, Any]) -> dict[str, Any]:
    options = {"face_limit": body["face_limit"]} if body.get("face_limit") is not None else {}
    quality = read_text(body, "quality", limit=20)
    if quality and quality not in QUALITIES:
        raise refuse("quality", f"quality must be one of {', '.join(QUALITIES)}.")
    textured = body.get("texture_enabled", True)
    if not isinstance(textured, bool):
        raise refuse("texture_enabled", "texture_enabled must be true or false.")
    if not textured:
        return options | {"texture": "none"}
    return options | ({"texture": QUALITIES[quality]} if quality else {})
