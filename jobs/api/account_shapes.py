"""Which shapes do the calls about the caller's limits and spending give? For the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.api.serializers import BudgetSerializer, EngineNameSerializer, Shape


class RateSerializer(Shape):
    count = serializers.IntegerField()
    period_seconds = serializers.IntegerField()


class LimitsSerializer(Shape):
    active_generations = serializers.IntegerField()
    uploads = RateSerializer(help_text="uploads, and other calls that make jobs, in a period")
    storage_bytes = serializers.IntegerField(allow_null=True)
    max_files = serializers.IntegerField()
    max_file_bytes = serializers.IntegerField()


class KeyLimitsSerializer(Shape):
    """null: only the user's limit holds."""

    uploads_per_minute = serializers.IntegerField(allow_null=True)
    active_generations = serializers.IntegerField(allow_null=True)


class OwnKeySerializer(Shape):
    """The key of this call. The user's limits hold as well; the nearer one decides."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    limits = KeyLimitsSerializer()
    active_generations = serializers.IntegerField()


class AccountSerializer(Shape):
    email = serializers.EmailField()
    is_staff = serializers.BooleanField()
    limits = LimitsSerializer()
    active_generations = serializers.IntegerField()
    key = OwnKeySerializer(allow_null=True)
    stored_bytes = serializers.IntegerField()
    budget = BudgetSerializer()


class SpendingSerializer(Shape):
    generations = serializers.IntegerField(
        help_text="that cost something or may; of free engines, models that are kept"
    )
    actual = serializers.CharField(help_text="what was billed")
    held = serializers.CharField(help_text="what work under way may cost")


class UsageRowSerializer(SpendingSerializer):
    day = serializers.DateField()
    engine = EngineNameSerializer()


class UsageSerializer(Shape):
    to = serializers.DateField()
    currency = serializers.CharField()
    results = UsageRowSerializer(many=True)
    total = SpendingSerializer()

    def get_fields(self) -> dict[str, Any]:
        """``from`` is a word of Python's own."""
        return {"from": serializers.DateField(), **super().get_fields()}
