"""How do pictures come in through the API? As a job at once, or stored for later. Contract section 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.rest import check_fields
from jobs import progress
from jobs.api import requests, serializers
from jobs.api.fields import WISHES, read_form, read_idempotency_key, read_list, read_wishes, refuse
from jobs.api.links import find_links
from jobs.api.parsers import StrictMultiPartParser
from jobs.api.views.base import CountedJobView
from jobs.describe import CURRENCY, add_up, describe_stored, format_money
from jobs.incoming import SentFile
from jobs.links import Links
from jobs.models import Generation, GenerationInput, Job
from jobs.services import Submission, keep_uploads, submit_uploads

UNREACHABLE = '199 - "The queue cannot be reached. The job is stored and starts as soon as it can."'


class FormView(CountedJobView):
    """Takes a form with files under one name."""

    parser_classes = [StrictMultiPartParser]
    file_field: ClassVar[str] = "files"

    def read_files(self, request: Request) -> list[SentFile]:
        """The files of the form. A file under another name is no file that we know."""
        if not (request.content_type or "").startswith("multipart/form-data"):
            raise UnsupportedMediaType(request.content_type or "(none)")
        check_fields(request.FILES, allowed=frozenset({self.file_field}))
        if self.file_field in request.POST:
            raise refuse(self.file_field, f"{self.file_field} must hold files, not text.")
        return cast(list[SentFile], request.FILES.getlist(self.file_field))


class UploadView(FormView):
    """Turn pictures into models: 1–25 files become one job."""

    fields: ClassVar[frozenset[str]] = WISHES | {"views"}

    @document(
        "upload",
        request={"multipart/form-data": requests.UploadFormSerializer},
        responses=serializers.UploadSerializer,
        parameters=[requests.IDEMPOTENCY_KEY, requests.PREFER],
    )
    def post(self, request: Request) -> Response:
        key = read_idempotency_key(request)
        files = self.read_files(request)
        fields = read_form(request.POST, allowed=self.fields)
        submission = submit_uploads(
            self.user,
            uploads=files,
            wishes=read_wishes(fields),
            views=read_list(fields, "views"),
            key=key,
            api_key=self.api_key,
        )
        return answer_submission(submission, describe_upload(submission, links=find_links(request)), status=200)


class UploadImageView(UploadView):
    """Turn one picture into a model."""

    file_field = "file"
    fields = WISHES

    @document(
        "upload_image",
        request={"multipart/form-data": requests.UploadImageFormSerializer},
        responses=serializers.UploadSerializer,
        parameters=[requests.IDEMPOTENCY_KEY, requests.PREFER],
    )
    def post(self, request: Request) -> Response:
        if len(self.read_files(request)) > 1:
            raise refuse("file", "file must hold one picture.", hint="Use /api/v1/upload for several.")
        return super().post(request)


class ImagesView(FormView):
    """Store pictures without a job."""

    @document(
        "store_images",
        request={"multipart/form-data": requests.ImagesFormSerializer},
        responses={201: serializers.StoredImagesSerializer},
        parameters=[requests.IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        key = read_idempotency_key(request)
        files = self.read_files(request)
        read_form(request.POST, allowed=frozenset())
        links = find_links(request)
        stored = keep_uploads(self.user, uploads=files, key=key)
        described = [describe_stored(entry.image, filename=entry.filename, links=links) for entry in stored]
        return Response({"images": described}, status=201)


def answer_submission(
    submission: Submission, body: Mapping[str, Any], *, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    warning = {} if submission.dispatched else {"Warning": UNREACHABLE}
    return Response(body, status=status, headers={**(headers or {}), **warning})


def describe_upload(submission: Submission, *, links: Links) -> dict[str, Any]:
    """A repeated request gets the same answer: from the rows that the first one wrote."""
    job = submission.job
    inputs = submission.inputs or read_inputs(job)
    files = [
        describe_stored(entry.image, filename=entry.filename, links=links) | {"generation_id": str(entry.generation_id)}
        for entry in inputs
    ]
    return {
        "job_id": str(job.pk),
        "task_id": str(job.task_id),
        "batch_id": str(job.pk),
        "status": job.status,
        "total_files": len(files),
        "face_limit": job.options.get("face_limit"),
        "engine": job.engine,
        "message": "1 image accepted." if len(files) == 1 else f"{len(files)} images accepted.",
        "uploaded_files": files,
        "estimate": estimate_job(list({entry.generation_id: entry.generation for entry in inputs}.values())),
        "urls": links.job(job.pk),
    }


def read_inputs(job: Job) -> Sequence[GenerationInput]:
    rows = GenerationInput.objects.filter(generation__job=job).select_related("image", "generation")
    return list(rows.order_by("generation__position", "pk"))


def estimate_job(generations: Sequence[Generation]) -> dict[str, Any]:
    return {
        "amount": format_money(add_up(generation.cost_estimated for generation in generations)),
        "currency": CURRENCY,
        "seconds": progress.foresee(list(generations)).job_seconds,
    }
