"""Which bytes do the pages show and give away? Artifacts, source pictures, thumbnails, zips; all behind ownership."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.archives import stream_models, stream_zip
from jobs.downloads import serve_artifact, serve_image, serve_thumbnail
from jobs.errors import JobError
from jobs.models import Artifact, Generation, SourceImage
from jobs.views.access import find_generation, find_job, signed_in

KEEP = "private, max-age=86400"  # what lies under these addresses never changes, so that a gallery asks once a day


@login_required
@require_safe
def send_artifact(request: HttpRequest, artifact_id: UUID) -> HttpResponseBase:
    """Shown in the page, or with ``?download`` saved under its own name."""
    artifact = get_object_or_404(Artifact.objects.owned_by(signed_in(request)), pk=artifact_id)
    is_shown = "download" not in request.GET
    return _keep(_serve(lambda: serve_artifact(request, artifact, inline=is_shown)))


@login_required
@require_safe
def send_preview(request: HttpRequest, generation_id: UUID) -> HttpResponseBase:
    """The preview picture of a model that was finished while its page was open."""
    previews = Artifact.objects.owned_by(signed_in(request)).filter(role=Artifact.Role.PREVIEW)
    artifact = previews.filter(generation=generation_id).order_by("created_at").first()
    if artifact is None:
        raise Http404
    return _serve(lambda: serve_artifact(request, artifact, inline=True))


@login_required
@require_safe
def send_picture(request: HttpRequest, image_id: UUID) -> HttpResponseBase:
    """A source picture as it was uploaded."""
    image = get_object_or_404(SourceImage.objects.owned_by(signed_in(request)), pk=image_id)
    return _keep(_serve(lambda: serve_image(request, image, inline=True)))


@login_required
@require_safe
def send_thumbnail(request: HttpRequest, image_id: UUID) -> HttpResponseBase:
    """A source picture, small."""
    image = get_object_or_404(SourceImage.objects.owned_by(signed_in(request)), pk=image_id)
    return _keep(_serve(lambda: serve_thumbnail(request, image)))


@login_required
@require_safe
def send_job_zip(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """Every model of a job in every format, named after the pictures."""
    job = find_job(request, job_id)
    return _pack(request, lambda: stream_zip(job), place=reverse("job", args=[job_id]))


@login_required
@require_safe
def send_generation_zip(request: HttpRequest, generation_id: UUID) -> HttpResponseBase:
    """One model in every format."""
    generation = find_generation(request, generation_id)
    return answer_zip(request, [generation], name=generation.name, place=reverse("generation", args=[generation_id]))


def answer_zip(request: HttpRequest, generations: Sequence[Generation], *, name: str, place: str) -> HttpResponseBase:
    """The models of these generations; back to ``place`` with a message when there is none."""
    rows = Generation.objects.filter(pk__in=[row.pk for row in generations]).order_by("-created_at", "position")
    loaded = list(rows.prefetch_related("inputs", "artifacts"))
    return _pack(request, lambda: stream_models(loaded, filename=f"{name}.zip"), place=place)


def _pack(request: HttpRequest, stream: Callable[[], HttpResponseBase], *, place: str) -> HttpResponseBase:
    try:
        return stream()
    except JobError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect(place)


def _serve(serve: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """An image or a viewer asks: a line of text and the status are enough."""
    try:
        return serve()
    except JobError as error:
        response = HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")
        if error.retry_after:
            response["Retry-After"] = str(error.retry_after)
        return response


def _keep(response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code in (200, 206, 304):
        response["Cache-Control"] = KEEP
    return response
