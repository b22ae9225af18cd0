"""Which shapes do the health calls give? For the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from image2model.ops.health import Health


class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="always healthy")
    service = serializers.CharField()
    version = serializers.CharField()
    timestamp = serializers.DateTimeField()


class LivenessSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="always alive")


class ComponentSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=list(Health))
    response_time_ms = serializers.FloatField()
    details = serializers.DictField(required=False, help_text="not for anonymous callers")


class ReadinessSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ready", "not_ready"])
    components = serializers.DictField(child=ComponentSerializer())
    failed = serializers.ListField(child=serializers.CharField())


class DetailedHealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=list(Health))
    service = serializers.CharField()
    version = serializers.CharField()
    timestamp = serializers.DateTimeField()
    uptime_seconds = serializers.FloatField()
    workers = serializers.IntegerField(allow_null=True)
    system = serializers.DictField(help_text="not for anonymous callers")
    components = serializers.DictField(child=ComponentSerializer())
