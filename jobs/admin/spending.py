"""What was spent, by whom, with which engine? The ledger, which only services write."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.template.response import TemplateResponse

from jobs.admin.readonly import ReadOnlyAdmin
from jobs.models import LedgerEntry
from jobs.services import money

State = LedgerEntry.State
MOST_TOTALS = 100


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "engine", "amount", "state", "attempt", "sent_at", "job_id")
    list_filter = ("state", "engine", "created_at", "sent_at")
    search_fields = ("=job_id", "=generation_id", "owner__email")
    search_help_text = "Id of a job or a generation, or the owner's e-mail"
    date_hierarchy = "created_at"
    list_select_related = ("owner",)
    change_list_template = "admin/ledger.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """With the totals of what is listed, by day, owner and engine."""
        response = super().changelist_view(request, {**(extra_context or {}), "site": money.read_site_budget()})
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            shown["totals"] = list_totals(shown["cl"].queryset)
        return response  # type: ignore[return-value]


def list_totals(entries: QuerySet[LedgerEntry]) -> list[dict[str, Any]]:
    """The latest days first; what was released cost nothing."""
    days = entries.exclude(state=State.RELEASED).order_by().annotate(day=TruncDate("created_at"))
    totals = days.values("day", "owner__email", "engine").annotate(
        number=Count("generation_id", distinct=True),
        actual=Sum("amount", filter=Q(state=State.ACTUAL)),
        held=Sum("amount", filter=Q(state=State.HELD)),
    )
    return list(totals.order_by("-day", "owner__email", "engine")[:MOST_TOTALS])
