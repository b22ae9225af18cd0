"""Which parameters, forms and bodies does the API take? For the OpenAPI document; ``fields.py`` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from jobs import catalog
from jobs.api.serializers import Shape
from jobs.states import Status

MAX_SEED = 2_147_483_647
NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
WEB = "^https?://"


def list_words(words: Sequence[str]) -> str:
    """A pattern for some of these words, separated by commas."""
    each = f"({'|'.join(words)})"
    return f"^{each}(,{each})*$"


WORDS_OF_FORMATS, WORDS_OF_VIEWS = list_words(list(catalog.FORMATS)), list_words(list(catalog.VIEWS))


def limit_parameter(*, maximum: int, usual: int) -> OpenApiParameter:
    schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": usual}
    return OpenApiParameter("limit", schema, description="How many at most.")


@extend_schema_field({"type": "string", "format": "binary"})
class PictureField(serializers.FileField):
    """The bytes of a file, where the generator would say an address."""


def make_files_field() -> serializers.ListField:
    return serializers.ListField(
        child=PictureField(), min_length=1, max_length=settings.MAX_FILES, help_text="JPEG, PNG or WebP"
    )


def make_choices(words: Iterable[str], **more: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.ChoiceField(choices=list(words)), **more)


def make_name_field(**more: Any) -> serializers.CharField:
    return serializers.RegexField(NO_CONTROLS, required=False, max_length=200, help_text="of the job", **more)


def make_url_field(**more: Any) -> serializers.CharField:
    return serializers.URLField(required=False, max_length=500, help_text="called when the job ends", **more)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[ -~]{1,255}$"},
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
    OpenApiParameter(
        "status",
        {"type": "string", "pattern": f"{list_words(list(Status))}|^$"},
        description="One or more states, separated by commas.",
    ),
    OpenApiParameter("engine", str, enum=list(catalog.ENGINES)),
    OpenApiParameter(
        "search",
        {"type": "string", "maxLength": 200, "pattern": NO_CONTROLS},
        description="Part of the job's name or of a picture's file name.",
    ),
    OpenApiParameter(
        "created_after",
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
                {"type": "string", "enum": [""]},
            ]
        },
        description="A time, or a day in UTC.",
    ),
    limit_parameter(maximum=100, usual=25),
    OpenApiParameter("cursor", str, description="From `next` or `previous` of another answer."),
]
USAGE_DAYS = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="The first day (UTC); the first of the month of `to`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The last day (UTC), included; today."),
]


class OptionsSerializer(Shape):
    """What may be asked of an engine. The engine's own options go into ``options``."""

    engine = serializers.ChoiceField(
        choices=list(catalog.ENGINES), required=False, help_text="The default engine without one."
    )
    face_limit = serializers.IntegerField(
        required=False, min_value=1, help_text="The model never has more triangles. Its range is the engine's."
    )
    texture = serializers.ChoiceField(choices=["standard", "hd", "none"], required=False)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=MAX_SEED)


class NullableOptionsSerializer(Shape):
    """What may be asked of an engine; null for nothing."""

    engine = serializers.ChoiceField(
        choices=list(catalog.ENGINES), required=False, allow_null=True, help_text="The default engine without one."
    )
    face_limit = serializers.IntegerField(
        required=False,
        min_value=1,
        allow_null=True,
        help_text="The model never has more triangles. Its range is the engine's.",
    )
    texture = serializers.ChoiceField(choices=["standard", "hd", "none"], required=False, allow_null=True)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=MAX_SEED, allow_null=True)
    options = serializers.DictField(required=False, allow_null=True, help_text="The engine's own.")


class NewItemSerializer(NullableOptionsSerializer):
    views = serializers.DictField(child=serializers.UUIDField(), help_text="file_id by view; front is needed")


class NewJobSerializer(NullableOptionsSerializer):
    """Either ``images``, each a generation (or, with ``views``, sides of one), or ``items``."""

    images = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        min_length=1,
        max_length=settings.MAX_FILES,
        help_text="file_id of each picture",
    )
    views = make_choices(
        catalog.VIEWS, required=False, allow_null=True, help_text="as many as images, which become one generation"
    )
    items = serializers.ListField(
        child=NewItemSerializer(), required=False, min_length=1, max_length=settings.MAX_FILES
    )
    formats = make_choices(catalog.FORMATS, required=False, allow_null=True, help_text="extra formats to make at once")
    fallback = serializers.ChoiceField(choices=["none", "local"], required=False, allow_null=True)
    name = make_name_field(allow_null=True)
    webhook_url = make_url_field(allow_null=True)


class FormWishesSerializer(OptionsSerializer):
    fallback = serializers.ChoiceField(choices=["none", "local"], required=False)
    name = make_name_field()
    webhook_url = make_url_field()
    formats = serializers.RegexField(
        WORDS_OF_FORMATS, required=False, help_text="extra formats, separated by commas: obj,stl"
    )
    options = serializers.CharField(required=False, help_text="the engine's own options as a JSON object")


class UploadFormSerializer(FormWishesSerializer):
    files = make_files_field()
    views = serializers.RegexField(
        WORDS_OF_VIEWS, required=False, help_text="front,left,…: as many as files, which become one generation"
    )


class UploadImageFormSerializer(FormWishesSerializer):
    file = PictureField(help_text="JPEG, PNG or WebP")


class ImagesFormSerializer(Shape):
    files = make_files_field()


class FormatsRequestSerializer(Shape):
    formats = make_choices(catalog.FORMATS, min_length=1)
    longest_edge_mm = serializers.FloatField(
        required=False, allow_null=True, min_value=1, max_value=10_000, help_text="for stl"
    )


class EstimateRequestSerializer(Shape):
    engine = serializers.ChoiceField(choices=list(catalog.ENGINES), required=False, allow_null=True)
    count = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=settings.MAX_FILES)
    options = serializers.DictField(
        required=False, allow_null=True, help_text="face_limit, texture, seed and the engine's own"
    )


class GenerateRequestSerializer(Shape):
    file_id = serializers.UUIDField()
    model_type = serializers.ChoiceField(
        choices=list(catalog.ENGINES), required=False, allow_null=True, help_text="an engine's id"
    )
    quality = serializers.ChoiceField(choices=["low", "medium", "high"], required=False)
    texture_enabled = serializers.BooleanField(required=False)
    face_limit = serializers.IntegerField(required=False, allow_null=True, min_value=1)
