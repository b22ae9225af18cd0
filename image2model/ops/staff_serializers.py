"""Which shapes do the calls for staff take and give? For the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from image2model.ops.health import Health


class DiskSerializer(serializers.Serializer[Any]):
    disk_total_gb = serializers.FloatField()
    disk_used_gb = serializers.FloatField()
    disk_free_gb = serializers.FloatField()
    disk_usage_percent = serializers.FloatField()
    files = serializers.IntegerField(help_text="pictures or models, by the database")
    size_mb = serializers.FloatField(help_text="of these files")


class DiskUsageSerializer(serializers.Serializer[Any]):
    upload_dir = DiskSerializer(help_text="pictures")
    output_dir = DiskSerializer(help_text="models")
    timestamp = serializers.DateTimeField()


class DisksSerializer(serializers.Serializer[Any]):
    upload_dir = DiskSerializer()
    output_dir = DiskSerializer()


class SystemHealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=list(Health))
    disk_usage = DisksSerializer()
    warnings = serializers.ListField(child=serializers.CharField())
    timestamp = serializers.DateTimeField()


class CleanupRequestSerializer(serializers.Serializer[Any]):
    hours = serializers.IntegerField(min_value=1, max_value=87_600, help_text="what is older than this goes")
    dry_run = serializers.BooleanField(required=False, default=False, help_text="only say what would go")


class CleanupSerializer(serializers.Serializer[Any]):
    freed_space_mb = serializers.FloatField()
    files_removed = serializers.IntegerField()
    directories_removed = serializers.IntegerField()
    jobs_removed = serializers.IntegerField()
    jobs_remaining = serializers.IntegerField(help_text="as old, left for another call")
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    cleanup_hours = serializers.IntegerField()
    dry_run = serializers.BooleanField()
    timestamp = serializers.DateTimeField()


class JobCleanupRequestSerializer(serializers.Serializer[Any]):
    job_id = serializers.UUIDField()


class JobCleanupSerializer(serializers.Serializer[Any]):
    job_id = serializers.UUIDField()
    freed_space_mb = serializers.FloatField()
    files_removed = serializers.IntegerField()
    directories_removed = serializers.IntegerField()
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    timestamp = serializers.DateTimeField()


class StoredFileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    filename = serializers.CharField()
    size = serializers.IntegerField()
    content_type = serializers.CharField()
    sha256 = serializers.CharField()
    owner_id = serializers.IntegerField()
    job_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


class FileListSerializer(serializers.Serializer[Any]):
    directory = serializers.CharField()
    files = StoredFileSerializer(many=True)
    total_files = serializers.IntegerField()
    total_size_mb = serializers.FloatField()
    limit = serializers.IntegerField()
    timestamp = serializers.DateTimeField()


class ErrorCountSerializer(serializers.Serializer[Any]):
    logger = serializers.CharField()
    message = serializers.CharField(help_text="with … in place of ids and numbers")
    count = serializers.IntegerField()
    last_seen = serializers.DateTimeField()


class RequestCountSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField(), help_text="2xx, 4xx, …")


class LatencySerializer(serializers.Serializer[Any]):
    average = serializers.FloatField(allow_null=True)
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)
    max = serializers.FloatField(allow_null=True)


class RouteSerializer(serializers.Serializer[Any]):
    route = serializers.CharField()
    requests = serializers.IntegerField()
    p95_ms = serializers.FloatField(allow_null=True)


class DigestSerializer(serializers.Serializer[Any]):
    lines = serializers.IntegerField()
    unreadable_lines = serializers.IntegerField()
    complete = serializers.BooleanField(help_text="false: there was more than could be read in one go")
    levels = serializers.DictField(child=serializers.IntegerField())
    top_errors = ErrorCountSerializer(many=True)
    requests = RequestCountSerializer()
    latency_ms = LatencySerializer()
    slowest_routes = RouteSerializer(many=True)
    generations = serializers.DictField(child=serializers.IntegerField(), help_text="ended, by state")
    timestamp = serializers.DateTimeField()


class AnalysisSerializer(DigestSerializer):
    hours_back = serializers.IntegerField()


class DailySummarySerializer(DigestSerializer):
    date = serializers.DateField()


class LogHealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=list(Health))
    writable = serializers.BooleanField()
    files = serializers.IntegerField()
    size_mb = serializers.FloatField()
    newest_line_at = serializers.DateTimeField(allow_null=True)
    lines_last_hour = serializers.IntegerField()
    errors_last_hour = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
