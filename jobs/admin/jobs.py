"""Which jobs are there, how far are they, and what can staff do with them?"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from jobs import services
from jobs.admin.readonly import ReadOnlyAdmin, apply_verb, show_age, show_progress
from jobs.models import Event, Generation, Job


class GenerationInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Generation
    fk_name = "job"
    fields = ("name", "engine", "status", "stage", "progress", "attempt", "error_code", "finished_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True
    ordering = ("position",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EventInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Event
    fields = ("number", "kind", "message", "actor", "created_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    ordering = ("number", "id")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "status", "engine", "owner", "total", "failed", "bar", "age")
    list_filter = ("status", "engine", "created_at")
    search_fields = ("id", "task_id", "name", "owner__email", "generations__inputs__filename")
    search_help_text = "Id, name, owner's e-mail or file name"
    date_hierarchy = "created_at"
    list_select_related = ("owner",)
    inlines = (GenerationInline, EventInline)
    actions = ("cancel", "retry", "delete_with_files")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).filter(deleted_at=None)

    @admin.display(description="Progress", ordering="progress")
    def bar(self, job: Job) -> SafeString:
        return show_progress(job.progress)

    @admin.display(description="Age", ordering="created_at")
    def age(self, job: Job) -> str:
        return show_age(job.created_at)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        actor = str(request.user)
        apply_verb(request, rows, verb=lambda job: services.cancel_job(job, actor=actor), done="cancelled")

    @admin.action(description="Run again what failed or was cancelled", permissions=["act"])
    def retry(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        actor = str(request.user)
        apply_verb(request, rows, verb=lambda job: services.retry_job(job, actor=actor), done="run again")

    @admin.action(description="Delete with all files", permissions=["act"])
    def delete_with_files(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        actor = str(request.user)
        apply_verb(request, list(rows), verb=lambda job: services.delete_job(job, actor=actor), done="deleted")
