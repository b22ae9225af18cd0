"""Which jobs are mine, how are they, and what can be done with them? Contract section 4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.rest import read_body, read_id
from jobs import catalog, progress
from jobs.api import requests, serializers
from jobs.api.fields import (
    COMMON,
    WISHES,
    read_idempotency_key,
    read_list,
    read_options,
    read_text,
    read_whole_number,
    read_wishes,
    refuse,
)
from jobs.api.links import find_links
from jobs.api.pages import Page, build_address, read_cursor, read_page
from jobs.api.views.base import AnyAccept, CountedJobView, JobFilesView, JobView, LinkedJobView
from jobs.api.views.uploads import answer_submission
from jobs.archives import stream_zip
from jobs.describe import describe_job
from jobs.errors import JobError
from jobs.models import Generation, GenerationInput, Job
from jobs.reading import read_parts
from jobs.services import (
    Idempotency,
    Item,
    arrange,
    cancel_job,
    check_wishes,
    delete_job,
    find_stored_images,
    fingerprint,
    retry_job,
    submit_job,
)
from jobs.states import Status

MAX_LIMIT, USUAL_LIMIT = 100, 25
ITEM_FIELDS = frozenset({"views", "engine", "options", *COMMON})
MAX_RETRY_AFTER = 60


class JobsView(CountedJobView):
    """My jobs, and new ones of stored pictures."""

    query_fields = frozenset({"status", "engine", "search", "created_after", "limit", "cursor"})

    @document("list_jobs", parameters=requests.JOB_FILTERS, responses=serializers.JobPageSerializer)
    def get(self, request: Request) -> Response:
        query = request.query_params.dict()
        limit = read_whole_number(query.get("limit"), "limit", minimum=1, maximum=MAX_LIMIT, default=USUAL_LIMIT)
        jobs = filter_jobs(Job.objects.owned_by(self.user), query)
        page = read_page(jobs, cursor=read_cursor(query.pop("cursor", "")), limit=limit)
        read_parts(page.jobs)
        return Response(_describe_page(request, page, query=query))

    @document(
        "create_job",
        request=requests.NewJobSerializer,
        responses={201: serializers.JobSerializer},
        parameters=[requests.IDEMPOTENCY_KEY, requests.PREFER],
    )
    def post(self, request: Request) -> Response:
        key = read_idempotency_key(request)
        body = read_body(request, allowed=WISHES | {"images", "items", "views"})
        wishes = read_wishes(body)
        check_wishes(wishes, number=1)
        items = read_items(body, owner=self)
        known = Idempotency(key=key, fingerprint=fingerprint("jobs", body)) if key else None
        submission = submit_job(self.user, items=items, wishes=wishes, idempotency=known, api_key=self.api_key)
        described = describe_job(self.find_job(str(submission.job.pk)), links=find_links(request))
        return answer_submission(submission, described, status=201, headers={"Location": described["urls"]["self"]})


class OneJobView(LinkedJobView):
    @document("get_job", responses=serializers.JobSerializer)
    def get(self, request: Request, job_id: str) -> Response:
        """A job with its generations and their files."""
        return answer_job(request, self.find_job(job_id))

    @document("delete_job", request=None, responses={204: None})
    def delete(self, request: Request, job_id: str) -> Response:
        """Cancel what runs and remove the job with its files."""
        read_body(request, allowed=frozenset())
        delete_job(self.find_job(job_id), actor=str(self.user))
        return Response(status=204)


class JobCancelView(JobView):
    @document("cancel_job", request=None, responses=serializers.JobSerializer)
    def post(self, request: Request, job_id: str) -> Response:
        """Call off what has not ended yet."""
        read_body(request, allowed=frozenset())
        cancel_job(self.find_job(job_id), actor=str(self.user))
        return answer_job(request, self.find_job(job_id))


class JobRetryView(JobView):
    @document("retry_job", request=None, responses=serializers.JobSerializer)
    def post(self, request: Request, job_id: str) -> Response:
        """Run again what failed or was cancelled."""
        read_body(request, allowed=frozenset())
        retry_job(self.find_job(job_id), actor=str(self.user))
        return answer_job(request, self.find_job(job_id))


class JobZipView(JobFilesView):
    content_negotiation_class = AnyAccept

    @document("download_zip", responses={(200, "application/zip"): bytes})
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        """All finished models in one zip, with a manifest."""
        return stream_zip(self.find_job(job_id))


def answer_job(request: Request, job: Job) -> Response:
    described = describe_job(job, links=find_links(request))
    headers = {"Cache-Control": "private, no-store"}
    if job.is_active:
        headers["Retry-After"] = str(max(1, min(MAX_RETRY_AFTER, described["eta_seconds"] or 1)))
    return Response(described, headers=headers)


def filter_jobs(jobs: QuerySet[Job], query: Mapping[str, str]) -> QuerySet[Job]:
    if status := query.get("status"):
        jobs = jobs.filter(status__in=_read_statuses(status))
    if engine := query.get("engine"):
        jobs = jobs.filter(Exists(Generation.objects.filter(job=OuterRef("pk"), engine=catalog.find_engine(engine).id)))
    if words := read_text(query, "search", limit=200):
        named = GenerationInput.objects.filter(generation__job=OuterRef("pk"), filename__icontains=words)
        jobs = jobs.filter(Q(name__icontains=words) | Exists(named))
    if since := query.get("created_after"):
        jobs = jobs.filter(created_at__gt=_read_time(since))
    return jobs


def _read_statuses(text: str) -> list[str]:
    words = text.split(",")
    if not set(words) <= set(Status):
        raise refuse("status", f"status must be any of {', '.join(Status)}.")
    return words


def _read_time(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_date(text)):
            moment = datetime.combine(day, time(), UTC)
        if moment is not None:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise refuse("created_after", "created_after must be a time such as 2026-01-31T12:00:00Z.")


def _describe_page(request: Request, page: Page, *, query: dict[str, Any]) -> dict[str, Any]:
    links = find_links(request)
    base = links.at("/api/v1/jobs")
    waiting = [row for job in reversed(page.jobs) for row in job.generations.all() if row.is_active]
    outlook = progress.foresee(waiting)
    return {
        "next": build_address(base, query, cursor=page.next),
        "previous": build_address(base, query, cursor=page.previous),
        "results": [describe_job(job, links=links, outlook=outlook) for job in page.jobs],
    }


def read_items(body: Mapping[str, Any], *, owner: JobView) -> list[Item]:
    """``images`` (a generation each, or views of one object) or ``items``, not both."""
    if ("images" in body) == ("items" in body):
        raise refuse("images", "Give either images or items.")
    if "items" in body:
        if "views" in body:
            raise refuse("views", "views goes with images; items have their own.")
        return [_read_item(item, owner=owner) for item in _read_entries(body, "items")]
    file_ids = [read_id(entry, what="file ID") for entry in _read_entries(body, "images")]
    views = read_list(body, "views")
    if views and len(views) != len(file_ids):
        raise refuse("views", f"{len(views)} views are named, but {len(file_ids)} pictures.")
    return arrange(find_stored_images(owner.user, file_ids=file_ids), views=views)


def _read_entries(body: Mapping[str, Any], name: str) -> list[Any]:
    entries = body[name]
    if not isinstance(entries, list):
        raise refuse(name, f"{name} must be a list.")
    if len(entries) > settings.MAX_FILES:
        raise JobError("too_many_files", f"There are too many files: {len(entries)}, but at most "
                       f"{settings.MAX_FILES} fit into one job.", hint="Split them into several jobs.")  # fmt: skip
    return entries


def _read_item(item: Any, *, owner: JobView) -> Item:
    if not isinstance(item, dict) or not isinstance(item.get("views"), dict):
        raise refuse("items", "Each of items must be an object with views.")
    if unknown := sorted(set(item) - ITEM_FIELDS):
        raise JobError("unknown_parameter", f"There is no field {unknown[0][:80]!r} in an item.",
                       details={"parameter": unknown[0][:80]})  # fmt: skip
    names = list(item["views"])
    file_ids = [read_id(item["views"][name], what="file ID") for name in names]
    stored = find_stored_images(owner.user, file_ids=file_ids)
    views = dict(zip(names, stored, strict=True))
    return Item(views=views, engine=read_text(item, "engine", limit=60), options=read_options(item))
