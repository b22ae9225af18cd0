"""What may staff look at and clean up? Contract section 6."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Sum
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.ops import storage_facts
from image2model.ops.health import Health
from image2model.ops.staff_serializers import (
    CleanupRequestSerializer,
    CleanupSerializer,
    DiskUsageSerializer,
    FileListSerializer,
    JobCleanupRequestSerializer,
    JobCleanupSerializer,
    SystemHealthSerializer,
)
from image2model.ops.storage_facts import tell_time, to_megabytes
from image2model.rest import ApiView, Refusal, read_body, read_id, refuse_parameter
from jobs.models import Artifact, Job, SourceImage
from jobs.services import Cleanup, clean_up, clean_up_job

MOST_HOURS = 87_600  # ten years
MOST_FILES = 1000
DIRECTORIES = ("uploads", "results")
DIRECTORY = OpenApiParameter("directory", str, enum=DIRECTORIES, description="uploads when it is not given.")
LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": MOST_FILES, "default": 100}, description="How many at most."
)


class StaffView(ApiView):
    """For staff by session, or by a key with the scope ``admin``."""

    staff_only: ClassVar[bool] = True


class DiskUsageView(StaffView):
    @document("get_disk_usage", responses=DiskUsageSerializer)
    def get(self, request: Request) -> Response:
        """How full is the disk, and what takes how much of it?"""
        return Response(storage_facts.describe_disk_usage() | {"timestamp": tell_time()})


class SystemHealthView(StaffView):
    @document("get_system_health", responses=SystemHealthSerializer)
    def get(self, request: Request) -> Response:
        """Is there room for what comes?"""
        usage = storage_facts.describe_disk_usage()
        states = [storage_facts.judge_disk(facts["disk_usage_percent"]) for facts in usage.values()]
        worst = max(states, key=list(Health).index)
        warnings = storage_facts.list_warnings(usage)
        return Response({"status": worst, "disk_usage": usage, "warnings": warnings, "timestamp": tell_time()})


class CleanupView(StaffView):
    @document("clean_up", request=CleanupRequestSerializer, responses=CleanupSerializer)
    def post(self, request: Request) -> Response:
        """Remove jobs that ended so long ago, pictures without a job, and forgotten files as old."""
        fields = read_body(request, allowed=frozenset({"hours", "dry_run"}))
        hours = _read_hours(fields.get("hours"))
        dry_run = _read_flag(fields.get("dry_run", False), "dry_run")
        done = clean_up(older_than=timedelta(hours=hours), dry_run=dry_run, actor=str(request.user))
        more = {
            "jobs_removed": done.jobs,
            "jobs_remaining": done.jobs_left,
            "cleanup_hours": hours,
            "dry_run": dry_run,
        }
        return Response(_describe_cleanup(done) | more)


class CleanupJobView(StaffView):
    @document("clean_up_job", request=JobCleanupRequestSerializer, responses=JobCleanupSerializer)
    def post(self, request: Request) -> Response:
        """Remove one job of anybody's with all its files."""
        fields = read_body(request, allowed=frozenset({"job_id"}))
        return _remove_job(request, read_id(fields.get("job_id"), what="job ID"))


class DeleteJobView(StaffView):
    @document("delete_job_as_staff", responses={200: JobCleanupSerializer})
    def delete(self, request: Request, job_id: str) -> Response:
        """Remove one job of anybody's with all its files."""
        return _remove_job(request, read_id(job_id, what="job ID"))


class ListFilesView(StaffView):
    query_fields = frozenset({"directory", "limit"})

    @document("list_files", responses=FileListSerializer, parameters=[DIRECTORY, LIMIT])
    def get(self, request: Request) -> Response:
        """Stored pictures or models, the newest first."""
        directory = request.query_params.get("directory", "uploads")
        if directory not in DIRECTORIES:
            raise refuse_parameter("directory", f"directory must be one of {', '.join(DIRECTORIES)}.")
        limit = read_number(request, "limit", default=100, most=MOST_FILES)
        return Response(_list_files(directory, limit=limit) | {"limit": limit, "timestamp": tell_time()})


def read_number(request: Request, name: str, *, default: int, most: int) -> int:
    """A query parameter from 1 to ``most``."""
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", raw) or not 1 <= int(raw) <= most:
        raise refuse_parameter(name, f"{name} must be a whole number from 1 to {most:,}.")
    return int(raw)


def _read_hours(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_HOURS:
        raise refuse_parameter("hours", f"hours must be a whole number from 1 to {MOST_HOURS:,}.")
    return value


def _read_flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise refuse_parameter(name, f"{name} must be true or false.")
    return value


def _remove_job(request: Request, job_id: UUID) -> Response:
    job = Job.objects.present().filter(pk=job_id).first()
    if job is None:
        raise Refusal("not_found", "There is no such job.", status=404)
    done = clean_up_job(job, actor=str(request.user))
    return Response({"job_id": job_id, **_describe_cleanup(done)})


def _describe_cleanup(done: Cleanup) -> dict[str, Any]:
    return {
        "freed_space_mb": to_megabytes(done.freed_bytes),
        "files_removed": done.files,
        "directories_removed": done.folders,
        "errors": done.errors,
        "timestamp": tell_time(),
    }


def _list_files(directory: str, *, limit: int) -> dict[str, Any]:
    rows = SourceImage.objects.all() if directory == "uploads" else Artifact.objects.all()
    listed = _list_pictures(limit) if directory == "uploads" else _list_models(limit)
    size = rows.aggregate(size=Sum("size"))["size"] or 0
    return {
        "directory": directory,
        "files": listed,
        "total_files": rows.count(),
        "total_size_mb": to_megabytes(size),
    }


def _list_pictures(limit: int) -> list[dict[str, Any]]:
    """Under no name: a picture is stored once, however it was called."""
    endings = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
    return [
        _describe_file(image, filename=f"{image.pk}.{endings[image.content_type]}", owner_id=image.owner_id)
        for image in SourceImage.objects.order_by("-created_at")[:limit]
    ]


def _list_models(limit: int) -> list[dict[str, Any]]:
    rows = Artifact.objects.select_related("generation").order_by("-created_at", "-pk")[:limit]
    return [
        _describe_file(
            artifact,
            filename=artifact.filename,
            owner_id=artifact.generation.owner_id,
            job_id=artifact.generation.job_id,
        )
        for artifact in rows
    ]


def _describe_file(
    row: SourceImage | Artifact, *, filename: str, owner_id: int, job_id: UUID | None = None
) -> dict[str, Any]:
    return {
        "id": row.pk,
        "filename": filename,
        "size": row.size,
        "content_type": row.content_type,
        "sha256": row.sha256,
        "owner_id": owner_id,
        "job_id": job_id,
        "created_at": row.created_at,
    }
