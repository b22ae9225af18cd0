"""Whom do users have called, and how does it go? To be looked at; secrets are not shown."""

from __future__ import annotations

from django.contrib import admin

from jobs.admin.readonly import ReadOnlyAdmin
from jobs.models import Webhook, WebhookDelivery


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ("url", "owner", "shown_types", "active", "created_at")
    list_filter = ("active",)
    search_fields = ("id", "url", "owner__email")
    list_select_related = ("owner",)
    date_hierarchy = "created_at"
    exclude = ("secret", "former_secret")

    @admin.display(description="types")
    def shown_types(self, webhook: Webhook) -> str:
        return ", ".join(webhook.types)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("type", "url", "owner", "status", "tries", "response_status", "created_at", "next_try_at")
    list_filter = ("status", "type", "created_at")
    search_fields = ("id", "event_id", "url", "owner__email", "job__id")
    list_select_related = ("owner",)
    date_hierarchy = "created_at"
    exclude = ("body",)  # names of files: the owner's own
