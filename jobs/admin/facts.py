"""What else is recorded? Artifacts, pictures, conversions, events, workers: to be looked at."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from jobs.admin.readonly import ReadOnlyAdmin, show_age, show_picture
from jobs.downloads import serve_thumbnail
from jobs.models import Artifact, Conversion, Event, SourceImage, WorkerHeartbeat


@admin.register(Artifact)
class ArtifactAdmin(ReadOnlyAdmin):
    list_display = ("filename", "role", "format", "size", "faces", "watertight", "owner", "created_at")
    list_filter = ("role", "format", "watertight", "created_at")
    search_fields = ("filename", "sha256", "path", "generation__owner__email")
    date_hierarchy = "created_at"
    list_select_related = ("generation__owner",)

    @admin.display(ordering="generation__owner")
    def owner(self, artifact: Artifact) -> str:
        return str(artifact.generation.owner)


@admin.register(SourceImage)
class SourceImageAdmin(ReadOnlyAdmin):
    list_display = ("picture", "owner", "content_type", "width", "height", "size", "created_at")
    list_filter = ("content_type", "created_at")
    search_fields = ("id", "sha256", "owner__email", "uses__filename")
    date_hierarchy = "created_at"
    list_select_related = ("owner",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.send_thumbnail)
        return [path("thumbnail/<uuid:image_id>", view, name="jobs_sourceimage_thumbnail"), *super().get_urls()]

    def send_thumbnail(self, request: HttpRequest, image_id: UUID) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return serve_thumbnail(request, get_object_or_404(SourceImage, pk=image_id))

    @admin.display(description="Picture")
    def picture(self, image: SourceImage) -> SafeString:
        return show_picture(reverse("admin:jobs_sourceimage_thumbnail", args=[image.pk]), name=str(image))


@admin.register(Conversion)
class ConversionAdmin(ReadOnlyAdmin):
    list_display = ("generation", "format", "status", "claim", "error_code", "created_at", "finished_at")
    list_filter = ("status", "format", "created_at")
    search_fields = ("generation__name", "generation__owner__email")
    date_hierarchy = "created_at"
    list_select_related = ("generation",)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("job", "number", "kind", "message", "actor", "created_at")
    list_filter = ("kind", "created_at")
    search_fields = ("job__id", "job__name", "message", "actor")
    date_hierarchy = "created_at"
    list_select_related = ("job",)


@admin.register(WorkerHeartbeat)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "queue", "host", "pid", "version", "started_at", "last_sign")
    list_filter = ("queue",)

    @admin.display(description="Last sign of life", ordering="beat_at")
    def last_sign(self, worker: WorkerHeartbeat) -> str:
        return f"{show_age(worker.beat_at)} ago"
