"""How are pictures and models fetched? Contract section 4."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.rest import read_id
from jobs import catalog, downloads
from jobs.api import serializers
from jobs.api.links import find_links
from jobs.api.views.base import AnyAccept, JobFilesView, JobView, LinkedJobView, first_or_404
from jobs.describe import format_time
from jobs.errors import JobError
from jobs.links import Links
from jobs.models import Artifact, Generation, Job, SourceImage
from jobs.states import ACTIVE, Status

FILE_TYPES = sorted({entry.content_type for entry in catalog.FORMATS.values()} | {"image/webp", "image/png"})


class DownloadAllView(LinkedJobView):
    @document("list_downloads", responses=serializers.DownloadListSerializer)
    def get(self, request: Request, job_id: str) -> Response:
        """All finished models of a job with their addresses."""
        job, links = self.find_job(job_id), find_links(request)
        files = [entry for row in job.generations.all() for entry in _list_models(row, links=links)]
        return Response(
            {
                "job_id": str(job.pk),
                "files": files,
                "download_urls": [entry["model_url"] for entry in files],
                "total_files": len(files),
            }
        )


class DownloadFileView(JobFilesView):
    content_negotiation_class = AnyAccept

    @document("download_file", responses={(200, kind): bytes for kind in FILE_TYPES})
    def get(self, request: Request, job_id: str, filename: str) -> HttpResponseBase:
        """A file of a job, by its name."""
        job = self.find_job(job_id)
        for generation in job.generations.all():
            for artifact in generation.artifacts.all():
                if artifact.filename == filename:
                    return downloads.serve_artifact(request._request, artifact)
        raise _explain_absence(job, filename)


class ThumbnailView(JobView):
    content_negotiation_class = AnyAccept

    @document("get_thumbnail", responses={(200, "image/webp"): bytes})
    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        """A small copy of a stored picture."""
        return downloads.serve_thumbnail(request._request, _find_image(self, file_id))


class OriginalView(JobView):
    content_negotiation_class = AnyAccept

    @document("download_image", responses={(200, kind): bytes for kind in ("image/jpeg", "image/png", "image/webp")})
    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        """A stored picture as it was sent."""
        image = _find_image(self, file_id)
        latest = image.uses.order_by("-id").values_list("filename", flat=True).first()
        return downloads.serve_image(request._request, image, filename=latest or "")


def _find_image(view: JobView, file_id: str) -> SourceImage:
    rows = SourceImage.objects.owned_by(view.user).filter(pk=read_id(file_id, what="file ID"))
    return first_or_404(rows)


def _list_models(generation: Generation, *, links: Links) -> list[dict[str, Any]]:
    artifacts = list(generation.artifacts.all())
    preview = next((row for row in artifacts if row.role == Artifact.Role.PREVIEW), None)
    return [
        {
            "filename": artifact.filename,
            "size": artifact.size,
            "file_size": artifact.size,
            "mime_type": artifact.content_type,
            "created_time": format_time(artifact.created_at),
            "model_url": links.file(generation, artifact),
            "rendered_image": {"url": links.file(generation, preview)} if preview else None,
            "format": artifact.format,
            "generation_id": str(generation.pk),
        }
        for artifact in artifacts
        if artifact.role == Artifact.Role.MODEL
    ]


def _explain_absence(job: Job, filename: str) -> Exception:
    """Why a file that the job would have one day is not there."""
    for generation in job.generations.all():
        for entry in catalog.FORMATS.values():
            if filename == f"{generation.name}{entry.extension}":
                return _refuse(generation, format_id=entry.id)
    return Http404()


def _refuse(generation: Generation, *, format_id: str) -> Exception:
    is_coming = any(row.format == format_id and row.status in ACTIVE for row in generation.conversions.all())
    if generation.status in ACTIVE or is_coming:
        return JobError("generation_not_finished", "This file is not finished yet.", hint="Wait until it is done.")
    if generation.status == Status.COMPLETED:
        return Http404()
    code = generation.error_code or generation.status
    message = generation.error_message or "The generation was cancelled."
    return JobError("generation_failed", message, hint=generation.error_hint, details={"item_error_code": code})
