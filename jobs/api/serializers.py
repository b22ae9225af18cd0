"""Which shapes does the API give? For the OpenAPI document; the tests hold every answer against it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs import catalog
from jobs.models import Artifact
from jobs.states import Stage, Status, WaitingReason


class Shape(serializers.Serializer[Any]):
    # A JSON object, with everything always there. A docstring would stand at each shape of the document.
    pass


class EngineNameSerializer(Shape):
    id = serializers.CharField()
    name = serializers.CharField()


class CostSerializer(Shape):
    estimated = serializers.CharField(allow_null=True)
    actual = serializers.CharField(allow_null=True)
    currency = serializers.CharField()


class ProblemSerializer(Shape):
    code = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField()
    retryable = serializers.BooleanField()


class ConversionErrorSerializer(Shape):
    code = serializers.CharField()
    message = serializers.CharField()


class ConversionSerializer(Shape):
    format = serializers.ChoiceField(choices=list(catalog.FORMATS))
    status = serializers.ChoiceField(choices=list(Status))
    error = ConversionErrorSerializer(allow_null=True)


class FrontImageSerializer(Shape):
    file_id = serializers.UUIDField()
    filename = serializers.CharField()
    thumbnail_url = serializers.URLField()


class ImageSerializer(FrontImageSerializer):
    view = serializers.ChoiceField(choices=list(catalog.VIEWS))


class BoundsSerializer(Shape):
    """Metres."""

    min = serializers.ListField(child=serializers.FloatField())
    max = serializers.ListField(child=serializers.FloatField())
    size = serializers.ListField(child=serializers.FloatField())


class FileSerializer(Shape):
    id = serializers.UUIDField()
    format = serializers.CharField()
    role = serializers.ChoiceField(choices=Artifact.Role.values)
    filename = serializers.CharField()
    url = serializers.URLField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    faces = serializers.IntegerField(allow_null=True)
    vertices = serializers.IntegerField(allow_null=True)
    watertight = serializers.BooleanField(allow_null=True)
    bounds = BoundsSerializer(allow_null=True)


class WorkSerializer(Shape):
    # What a job and a generation share.

    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=list(Status))
    stage = serializers.ChoiceField(choices=list(Stage))
    progress = serializers.IntegerField(min_value=0, max_value=100)
    queue_position = serializers.IntegerField(allow_null=True)
    eta_seconds = serializers.IntegerField(allow_null=True)
    engine = EngineNameSerializer()
    options = serializers.DictField()
    warnings = serializers.ListField(child=serializers.CharField())
    waiting_reason = serializers.ChoiceField(choices=list(WaitingReason), allow_null=True)
    preview_url = serializers.URLField(allow_null=True)
    cost = CostSerializer()
    attempt = serializers.IntegerField()
    error = ProblemSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class GenerationSerializer(WorkSerializer):
    """One picture, or one set of views of one object, turned into one model by one engine."""

    image = FrontImageSerializer(allow_null=True)
    images = ImageSerializer(many=True)
    files = FileSerializer(many=True)
    conversions = ConversionSerializer(many=True)


class CountsSerializer(Shape):
    total = serializers.IntegerField()
    queued = serializers.IntegerField()
    processing = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class JobUrlsSerializer(Shape):
    self = serializers.URLField()
    stream = serializers.URLField()
    page = serializers.URLField()
    cancel = serializers.URLField()
    download = serializers.URLField()


class JobSerializer(WorkSerializer):
    """One submission of 1–25 pictures."""

    name = serializers.CharField(allow_blank=True)
    task_id = serializers.UUIDField()
    counts = CountsSerializer()
    formats = serializers.ListField(child=serializers.CharField())
    generations = GenerationSerializer(many=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    urls = JobUrlsSerializer()


class JobPageSerializer(Shape):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = JobSerializer(many=True)


class StoredImageSerializer(Shape):
    file_id = serializers.UUIDField()
    filename = serializers.CharField()
    file_size = serializers.IntegerField()
    content_type = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    sha256 = serializers.CharField()
    status = serializers.CharField(help_text="always uploaded")
    thumbnail_url = serializers.URLField()


class UploadedFileSerializer(StoredImageSerializer):
    generation_id = serializers.UUIDField()


class StoredImagesSerializer(Shape):
    images = StoredImageSerializer(many=True)


class JobEstimateSerializer(Shape):
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    seconds = serializers.IntegerField(allow_null=True)


WAITED = "Only with `Prefer: wait`: the job as it is when the wait is over, with its files."


class UploadSerializer(Shape):
    job_id = serializers.UUIDField()
    task_id = serializers.UUIDField()
    batch_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=list(Status))
    total_files = serializers.IntegerField()
    face_limit = serializers.IntegerField(allow_null=True)
    engine = serializers.CharField()
    message = serializers.CharField()
    uploaded_files = UploadedFileSerializer(many=True)
    estimate = JobEstimateSerializer()
    urls = JobUrlsSerializer()
    job = JobSerializer(required=False, help_text=WAITED)


class TaskResultSerializer(Shape):
    job_id = serializers.UUIDField()
    total_files = serializers.IntegerField()
    successful_files = serializers.IntegerField()
    failed_files = serializers.IntegerField()


class TaskStatusSerializer(Shape):
    status = serializers.ChoiceField(choices=list(Status))
    progress = serializers.IntegerField()
    message = serializers.CharField()
    task_id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    total_files = serializers.IntegerField()
    current = serializers.IntegerField()
    timestamp = serializers.IntegerField(help_text="milliseconds since 1970")
    result = TaskResultSerializer(allow_null=True)
    error = serializers.CharField(allow_null=True)


class FileProgressSerializer(Shape):
    filename = serializers.CharField()
    status = serializers.ChoiceField(choices=list(Status))
    progress = serializers.IntegerField()
    error = serializers.CharField(allow_null=True)


class JobProgressSerializer(Shape):
    job_id = serializers.UUIDField()
    overall_progress = serializers.IntegerField()
    total_files = serializers.IntegerField()
    completed_files = serializers.IntegerField()
    failed_files = serializers.IntegerField()
    files = serializers.DictField(child=FileProgressSerializer())
    timestamp = serializers.IntegerField(help_text="milliseconds since 1970")


class UrlSerializer(Shape):
    url = serializers.URLField()


class DownloadSerializer(Shape):
    filename = serializers.CharField()
    size = serializers.IntegerField()
    file_size = serializers.IntegerField()
    mime_type = serializers.CharField()
    created_time = serializers.DateTimeField()
    model_url = serializers.URLField()
    rendered_image = UrlSerializer(allow_null=True)
    format = serializers.CharField()
    generation_id = serializers.UUIDField()


class DownloadListSerializer(Shape):
    job_id = serializers.UUIDField()
    files = DownloadSerializer(many=True)
    download_urls = serializers.ListField(child=serializers.URLField())
    total_files = serializers.IntegerField()


class EngineSerializer(Shape):
    name = serializers.CharField()
    id = serializers.CharField()
    description = serializers.CharField()
    type = serializers.CharField(help_text="always image_to_3d")
    provider = serializers.CharField()
    supported_formats = serializers.ListField(child=serializers.CharField())
    price = serializers.CharField(allow_null=True, help_text="USD, for one generation at the usual options")
    typical_seconds = serializers.IntegerField()
    options = serializers.DictField(help_text="JSON schema")
    available = serializers.BooleanField()


class BudgetSerializer(Shape):
    limit = serializers.CharField(allow_null=True)
    spent = serializers.CharField()
    remaining = serializers.CharField(allow_null=True)
    resets_at = serializers.DateTimeField()


class EstimateSerializer(JobEstimateSerializer):
    per_generation = serializers.CharField(allow_null=True)
    budget = BudgetSerializer()


class GenerateSerializer(Shape):
    job_id = serializers.UUIDField()
    task_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=list(Status))
    estimated_time = serializers.IntegerField(allow_null=True, help_text="seconds")
    job = JobSerializer(required=False, help_text=WAITED)
