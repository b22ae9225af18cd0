"""Which shapes do the calls about webhooks take and give? For the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.api.requests import limit_parameter
from jobs.models import WebhookDelivery
from jobs.models.webhooks import WebhookType

LIMIT = limit_parameter(maximum=100, usual=25)


class WebhookSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.URLField()
    types = serializers.ListField(child=serializers.ChoiceField(choices=WebhookType.values))
    active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class WebhookListSerializer(serializers.Serializer[Any]):
    results = WebhookSerializer(many=True)


class ShownWebhookSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="whsec_…, shown this once; signs what is sent")


class ShownSecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="whsec_…, shown this once")


class NewWebhookSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(max_length=500, help_text="https://…, at a public address")
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=WebhookType.values),
        required=False,
        allow_null=True,
        help_text="all without any named",
    )


class ChangedWebhookSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(max_length=500, required=False)
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=WebhookType.values), required=False, min_length=1
    )
    active = serializers.BooleanField(required=False)


class DeliverySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    webhook_id = serializers.UUIDField(allow_null=True, help_text="null for the webhook_url of a job")
    job_id = serializers.UUIDField(allow_null=True)
    event_id = serializers.CharField(help_text="the header webhook-id and the id in the body")
    type = serializers.CharField()
    url = serializers.URLField()
    status = serializers.ChoiceField(choices=WebhookDelivery.Status.values)
    tries = serializers.IntegerField()
    response_status = serializers.IntegerField(allow_null=True)
    response_excerpt = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    last_try_at = serializers.DateTimeField(allow_null=True)
    next_try_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)


class DeliveryListSerializer(serializers.Serializer[Any]):
    results = DeliverySerializer(many=True)
