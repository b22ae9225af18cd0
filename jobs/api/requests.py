"""Which parameters, forms and bodies does the API take? For the OpenAPI document; ``fields.py`` reads them."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from jobs import catalog
from jobs.api.serializers import Shape

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1–255 printable ASCII characters, kept for 24 hours: the same key with the same body answers the "
    "same job again and creates nothing; with another body 409.",
)
PREFER = OpenApiParameter(
    "Prefer",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`wait=n`: answer when the job is over, or after n seconds (at most 60), whichever comes first. "
    "The answer says `Preference-Applied`.",
)
JOB_FILTERS = [
    OpenApiParameter("status", str, description="One or more states, separated by commas."),
    OpenApiParameter("engine", str, enum=list(catalog.ENGINES)),
    OpenApiParameter("search", str, description="Part of the job's name or of a picture's file name."),
    OpenApiParameter("created_after", OpenApiTypes.DATETIME),
    OpenApiParameter("limit", int, description="1–100; 25 when it is not given."),
    OpenApiParameter("cursor", str, description="From next or previous of another answer."),
]
USAGE_DAYS = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="The first day (UTC); the first of the month of `to`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The last day (UTC), included; today."),
]


class OptionsSerializer(Shape):
    """What may be asked of an engine. The engine's own options go into ``options``."""

    engine = serializers.CharField(required=False, help_text="An engine's id; the default engine without one.")
    face_limit = serializers.IntegerField(required=False, help_text="The model never has more triangles.")
    texture = serializers.ChoiceField(choices=["standard", "hd", "none"], required=False)
    seed = serializers.IntegerField(required=False, min_value=0)


class NewItemSerializer(OptionsSerializer):
    views = serializers.DictField(child=serializers.UUIDField(), help_text="file_id by view; front is needed")
    options = serializers.DictField(required=False)


class WishesSerializer(OptionsSerializer):
    fallback = serializers.ChoiceField(choices=["none", "local"], required=False)
    name = serializers.CharField(required=False, max_length=200)
    webhook_url = serializers.URLField(required=False, max_length=500)


class NewJobSerializer(WishesSerializer):
    images = serializers.ListField(child=serializers.UUIDField(), required=False, help_text="file_id of each picture")
    views = serializers.ListField(child=serializers.ChoiceField(choices=list(catalog.VIEWS)), required=False)
    items = NewItemSerializer(many=True, required=False)
    formats = serializers.ListField(child=serializers.ChoiceField(choices=list(catalog.FORMATS)), required=False)
    options = serializers.DictField(required=False)


class FormWishesSerializer(WishesSerializer):
    formats = serializers.CharField(required=False, help_text="extra formats, separated by commas: obj,stl")
    options = serializers.CharField(required=False, help_text="the engine's own options as a JSON object")


class UploadFormSerializer(FormWishesSerializer):
    files = serializers.ListField(child=serializers.FileField(), min_length=1, help_text="JPEG, PNG or WebP")
    views = serializers.CharField(
        required=False, help_text="front,left,…: as many as files, which become one generation"
    )


class UploadImageFormSerializer(FormWishesSerializer):
    file = serializers.FileField(help_text="JPEG, PNG or WebP")


class ImagesFormSerializer(Shape):
    files = serializers.ListField(child=serializers.FileField(), min_length=1, help_text="JPEG, PNG or WebP")


class FormatsRequestSerializer(Shape):
    formats = serializers.ListField(child=serializers.ChoiceField(choices=list(catalog.FORMATS)))
    longest_edge_mm = serializers.FloatField(required=False, min_value=1, max_value=10_000, help_text="for stl")


class EstimateRequestSerializer(Shape):
    engine = serializers.CharField(required=False)
    count = serializers.IntegerField(required=False, min_value=1)
    options = serializers.DictField(required=False)


class GenerateRequestSerializer(Shape):
    file_id = serializers.UUIDField()
    model_type = serializers.CharField(required=False, help_text="an engine's id")
    quality = serializers.ChoiceField(choices=["low", "medium", "high"], required=False)
    texture_enabled = serializers.BooleanField(required=False)
    face_limit = serializers.IntegerField(required=False)
