"""Whom do we call when something happens, and what came of it? Contract section 7: outgoing webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.rest import read_body, read_id
from jobs.api import hook_shapes
from jobs.api.fields import MAX_URL, read_list, read_text, read_whole_number, refuse
from jobs.api.views.base import JobView, first_or_404
from jobs.describe import format_time
from jobs.models import Webhook, WebhookDelivery
from jobs.services.webhooks import subscriptions

ONCE = {"Cache-Control": "no-store"}  # an answer that shows a secret


class HookView(JobView):
    def find_webhook(self, webhook_id: str) -> Webhook:
        return first_or_404(Webhook.objects.owned_by(self.user).filter(pk=read_id(webhook_id, what="webhook ID")))


class WebhooksView(HookView):
    """Webhooks of the caller."""

    @document("list_webhooks", responses=hook_shapes.WebhookListSerializer)
    def get(self, request: Request) -> Response:
        """My webhooks, without their secrets."""
        return Response({"results": [describe_webhook(row) for row in Webhook.objects.owned_by(self.user)]})

    @document(
        "create_webhook",
        request=hook_shapes.NewWebhookSerializer,
        responses={201: hook_shapes.ShownWebhookSerializer},
    )
    def post(self, request: Request) -> Response:
        """A new webhook. Its secret is shown this once."""
        body = read_body(request, allowed=frozenset({"url", "types"}))
        types = read_list(body, "types")
        webhook = subscriptions.create_webhook(self.user, url=read_url(body), types=types)
        return Response(describe_webhook(webhook) | {"secret": webhook.secret}, status=201, headers=ONCE)


class OneWebhookView(HookView):
    @document("get_webhook", responses=hook_shapes.WebhookSerializer)
    def get(self, request: Request, webhook_id: str) -> Response:
        """One of my webhooks."""
        return Response(describe_webhook(self.find_webhook(webhook_id)))

    @document("change_webhook", request=hook_shapes.ChangedWebhookSerializer, responses=hook_shapes.WebhookSerializer)
    def patch(self, request: Request, webhook_id: str) -> Response:
        """Change its address or types, or switch it off and on."""
        webhook = self.find_webhook(webhook_id)
        body = read_body(request, allowed=frozenset({"url", "types", "active"}))
        changed = subscriptions.update_webhook(
            webhook,
            url=read_url(body) if "url" in body else None,
            types=read_list(body, "types") if "types" in body else None,
            active=_read_active(body),
        )
        return Response(describe_webhook(changed))

    @document("delete_webhook", request=None, responses={204: None})
    def delete(self, request: Request, webhook_id: str) -> Response:
        """Remove it with its log; nothing more is sent there."""
        webhook = self.find_webhook(webhook_id)
        read_body(request, allowed=frozenset())
        subscriptions.delete_webhook(webhook)
        return Response(status=204)


class WebhookTestView(HookView):
    @document("test_webhook", request=None, responses={202: hook_shapes.DeliverySerializer})
    def post(self, request: Request, webhook_id: str) -> Response:
        """Have a harmless event sent at once; what came of it is among the deliveries."""
        webhook = self.find_webhook(webhook_id)
        read_body(request, allowed=frozenset())
        return Response(describe_delivery(subscriptions.send_test(webhook)), status=202)


class WebhookSecretView(HookView):
    @document("rotate_webhook_secret", request=None, responses=hook_shapes.ShownWebhookSerializer)
    def post(self, request: Request, webhook_id: str) -> Response:
        """A new secret, shown this once. The former one signs beside it for 24 hours."""
        webhook = self.find_webhook(webhook_id)
        read_body(request, allowed=frozenset())
        secret = subscriptions.rotate_secret(webhook)
        return Response(describe_webhook(webhook) | {"secret": secret}, headers=ONCE)


class JobSecretView(JobView):
    @document("rotate_job_secret", request=None, responses=hook_shapes.ShownSecretSerializer)
    def post(self, request: Request) -> Response:
        """A new secret for calls to the `webhook_url` of my jobs. The former one signs beside it for 24 hours."""
        read_body(request, allowed=frozenset())
        return Response({"secret": subscriptions.rotate_secret(subscriptions.find_job_secret(self.user))}, headers=ONCE)


class WebhookDeliveriesView(HookView):
    query_fields = frozenset({"limit"})

    @document("list_webhook_deliveries", responses=hook_shapes.DeliveryListSerializer, parameters=[hook_shapes.LIMIT])
    def get(self, request: Request, webhook_id: str) -> Response:
        """What was sent to one webhook in the last month, the newest first."""
        rows = WebhookDelivery.objects.filter(webhook=self.find_webhook(webhook_id))
        return answer_deliveries(request, rows)


class DeliveriesView(JobView):
    query_fields = frozenset({"limit"})

    @document("list_deliveries", responses=hook_shapes.DeliveryListSerializer, parameters=[hook_shapes.LIMIT])
    def get(self, request: Request) -> Response:
        """What was sent to all my webhooks and to the `webhook_url` of my jobs, the newest first."""
        return answer_deliveries(request, WebhookDelivery.objects.owned_by(self.user))


class ReplayView(JobView):
    @document("replay_delivery", request=None, responses={202: hook_shapes.DeliverySerializer})
    def post(self, request: Request, delivery_id: str) -> Response:
        """Send the same event again, with the same id."""
        wanted = read_id(delivery_id, what="delivery ID")
        delivery = first_or_404(WebhookDelivery.objects.owned_by(self.user).filter(pk=wanted))
        read_body(request, allowed=frozenset())
        return Response(describe_delivery(subscriptions.replay(delivery)), status=202)


def answer_deliveries(request: Request, rows: QuerySet[WebhookDelivery]) -> Response:
    limit = read_whole_number(request.query_params.get("limit"), "limit", minimum=1, maximum=100, default=25)
    return Response({"results": [describe_delivery(row) for row in rows.defer("body")[:limit]]})


def describe_webhook(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": str(webhook.pk),
        "url": webhook.url,
        "types": webhook.types,
        "active": webhook.active,
        "created_at": format_time(webhook.created_at),
    }


def describe_delivery(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": str(delivery.pk),
        "webhook_id": str(delivery.webhook_id) if delivery.webhook_id else None,
        "job_id": str(delivery.job_id) if delivery.job_id else None,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "url": delivery.url,
        "status": delivery.status,
        "tries": delivery.tries,
        "response_status": delivery.response_status,
        "response_excerpt": delivery.response_excerpt,
        "error": delivery.error,
        "created_at": format_time(delivery.created_at),
        "last_try_at": format_time(delivery.last_try_at),
        "next_try_at": format_time(delivery.next_try_at),
        "delivered_at": format_time(delivery.delivered_at),
    }


def read_url(body: Mapping[str, Any]) -> str:
    url = read_text(body, "url", limit=MAX_URL)
    if not url:
        raise refuse("url", "url must name the address to be called.")
    return url


def _read_active(body: Mapping[str, Any]) -> bool | None:
    active = body.get("active")
    if "active" in body and not isinstance(active, bool):
        raise refuse("active", "active must be true or false.")
    return active
