"""Which models are being made, what came of each, and what can staff do with one?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from jobs import services
from jobs.admin.readonly import ReadOnlyAdmin, apply_verb, show_age, show_picture, show_progress
from jobs.downloads import serve_artifact
from jobs.models import Artifact, Attempt, Generation


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ("number", "engine", "outcome", "submission", "error_code", "request_id", "cost", "created_at",
              "finished_at")  # fmt: skip
    readonly_fields = fields
    show_change_link = True


class ArtifactInline(ReadOnlyInline):
    model = Artifact
    fields = ("filename", "role", "format", "size", "faces", "watertight", "created_at")
    readonly_fields = fields


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    list_display = ("preview", "name", "status", "stage", "engine", "owner", "bar", "attempt", "error_code", "age")
    list_display_links = ("preview", "name")
    list_filter = ("status", "stage", "engine", "error_code", "created_at")
    search_fields = ("id", "name", "owner__email", "job__name", "attempts__request_id")
    date_hierarchy = "created_at"
    list_select_related = ("owner",)
    inlines = (AttemptInline, ArtifactInline)
    actions = ("cancel", "retry", "requeue")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.send_preview)
        return [path("preview/<uuid:artifact_id>", view, name="jobs_generation_preview"), *super().get_urls()]

    def send_preview(self, request: HttpRequest, artifact_id: UUID) -> HttpResponseBase:
        """Staff look at previews of everybody's; a plain user's pages cannot."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return serve_artifact(request, get_object_or_404(Artifact, pk=artifact_id, role="preview"), inline=True)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        rows: QuerySet[Generation] = super().get_queryset(request)
        return rows.filter(job__deleted_at=None).prefetch_related("artifacts")

    @admin.display(description="Preview")
    def preview(self, generation: Generation) -> SafeString:
        found = next((entry for entry in generation.artifacts.all() if entry.role == Artifact.Role.PREVIEW), None)
        return show_picture(
            reverse("admin:jobs_generation_preview", args=[found.pk]) if found else "", name=generation.name
        )

    @admin.display(description="Progress", ordering="progress")
    def bar(self, generation: Generation) -> SafeString:
        return show_progress(generation.progress)

    @admin.display(description="Age", ordering="created_at")
    def age(self, generation: Generation) -> str:
        return show_age(generation.created_at)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Generation]) -> None:
        actor = str(request.user)
        apply_verb(request, rows, verb=lambda row: services.cancel_generation(row, actor=actor), done="cancelled")

    @admin.action(description="Run again", permissions=["act"])
    def retry(self, request: HttpRequest, rows: QuerySet[Generation]) -> None:
        actor = str(request.user)
        apply_verb(request, rows, verb=lambda row: services.retry_generation(row, actor=actor), done="run again")

    @admin.action(description="Take from its worker and queue again", permissions=["act"])
    def requeue(self, request: HttpRequest, rows: QuerySet[Generation]) -> None:
        actor = str(request.user)
        apply_verb(request, rows, verb=lambda row: services.requeue_generation(row, actor=actor), done="queued again")
