"""How is FAL doing: what does it offer, may it be asked, why not; and how is it opened again by hand?"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path

from jobs import catalog
from jobs.admin.decisions import Decision, ask
from jobs.admin.readonly import ReadOnlyAdmin, apply_verb
from jobs.models import Provider
from jobs.services.fal import breaker
from jobs.services.fal.standing import read_standing


@admin.register(Provider)
class ProviderAdmin(ReadOnlyAdmin):
    list_display = ("name", "standing", "breaker", "failures", "paused_reason", "next_probe_at", "number_offered",
                    "published_at")  # fmt: skip
    actions = ("reset",)
    change_form_template = "admin/provider.html"
    fieldsets = (
        (None, {"fields": ("name", "standing", "advice", "at_fal")}),
        ("Breaker", {"fields": ("breaker", "failures", "window_started_at", "opened_at", "next_probe_at")}),
        ("Pause of the whole account", {"fields": ("paused_reason", "paused_message", "paused_at")}),
        ("On offer", {"fields": ("offered", "published_at")}),
    )
    readonly_fields = ("standing", "advice", "at_fal", "offered")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_reset)
        return [path("<str:name>/reset/", view, name="jobs_provider_reset"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context |= {"may_reset": self.has_act_permission(request)}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="Standing")
    def standing(self, provider: Provider) -> str:
        return read_standing().words

    @admin.display(description="What to do")
    def advice(self, provider: Provider) -> str:
        return read_standing().advice or "Nothing."

    @admin.display(description="Requests at FAL now")
    def at_fal(self, provider: Provider) -> int:
        return read_standing().at_fal

    @admin.display(description="Engines")
    def number_offered(self, provider: Provider) -> int:
        return len(provider.engines)

    @admin.display(description="Engines")
    def offered(self, provider: Provider) -> str:
        names = [catalog.ENGINES[name].name if name in catalog.ENGINES else name for name in provider.engines]
        return ", ".join(names) or "None: no process here has a key."

    @admin.action(description="Reset breaker and pause", permissions=["act"])
    def reset(self, request: HttpRequest, rows: QuerySet[Provider]) -> None:
        apply_verb(request, rows, verb=lambda row: breaker.reset(actor=str(request.user)), done="reset")

    def decide_reset(self, request: HttpRequest, name: str) -> HttpResponse:
        """Somebody says that all is well."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        provider = get_object_or_404(Provider, name=name)
        standing = read_standing()
        return ask(self, request, provider, Decision(
            title="Reset",
            question="What waits is sent at once. If the trouble is still there, FAL is paused again.",
            answer="Reset breaker and pause",
            verb=lambda: breaker.reset(actor=str(request.user)),
            done="Breaker and pause were reset.",
            facts=[("Standing", standing.words), ("FAL's own words", standing.detail), ("Since", standing.since)],
        ))  # fmt: skip
