"""What do the logs say? For staff; contract section 6."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.ops.health import Health
from image2model.ops.log_files import list_log_files
from image2model.ops.log_reading import Digest, describe_digest, digest_logs
from image2model.ops.staff_api import StaffView, read_number
from image2model.ops.staff_serializers import AnalysisSerializer, DailySummarySerializer, LogHealthSerializer
from image2model.ops.storage_facts import tell_time, to_megabytes
from image2model.rest import refuse_parameter

MOST_HOURS = 24 * 14
FAILING_SHARE = 0.05  # of the last hour's requests
HOURS_BACK = OpenApiParameter(
    "hours_back", {"type": "integer", "minimum": 1, "maximum": MOST_HOURS, "default": 24}, description="How far back."
)
DATE = OpenApiParameter("date", OpenApiTypes.DATE, description="A day in UTC; today when it is not given.")


def find_log_folder() -> Path:
    return settings.DATA_DIR / "logs"


class AnalyzeView(StaffView):
    query_fields = frozenset({"hours_back"})

    @document("analyze_logs", responses=AnalysisSerializer, parameters=[HOURS_BACK])
    def get(self, request: Request) -> Response:
        """Lines by level, the most frequent errors, requests and their latency of the last hours."""
        hours = read_number(request, "hours_back", default=24, most=MOST_HOURS)
        digest = _digest_last(timedelta(hours=hours))
        return Response({"hours_back": hours, **describe_digest(digest), "timestamp": tell_time()})


class DailySummaryView(StaffView):
    query_fields = frozenset({"date"})

    @document("summarize_day", responses=DailySummarySerializer, parameters=[DATE])
    def get(self, request: Request) -> Response:
        """The same of one day."""
        day = _read_date(request.query_params.get("date"))
        since = datetime(day.year, day.month, day.day, tzinfo=UTC)
        digest = digest_logs(find_log_folder(), since=since, until=since + timedelta(days=1))
        return Response({"date": day, **describe_digest(digest), "timestamp": tell_time()})


class LogHealthView(StaffView):
    @document("get_log_health", responses=LogHealthSerializer)
    def get(self, request: Request) -> Response:
        """Are lines written, and how many of them tell of trouble?"""
        files, digest = list_log_files(find_log_folder()), _digest_last(timedelta(hours=1))
        is_writable = can_write(find_log_folder())
        body = {
            "status": _judge(digest, is_writable=is_writable),
            "writable": is_writable,
            "files": len(files),
            "size_mb": to_megabytes(sum(path.stat().st_size for path in files)),
            "newest_line_at": digest.newest,
            "lines_last_hour": digest.lines,
            "errors_last_hour": digest.levels["ERROR"] + digest.levels["CRITICAL"],
            "timestamp": tell_time(),
        }
        return Response(body)


def _digest_last(span: timedelta) -> Digest:
    now = datetime.now(UTC)
    return digest_logs(find_log_folder(), since=now - span, until=now + timedelta(seconds=1))


def _read_date(raw: str | None) -> date:
    today = datetime.now(UTC).date()
    if raw is None:
        return today
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        raise refuse_parameter("date", "date must look like 2026-01-31.") from None
    if len(raw) != len("2026-01-31") or day > today:
        raise refuse_parameter("date", "date must be a day of the past, like 2026-01-31.")
    return day


def can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def _judge(digest: Digest, *, is_writable: bool) -> Health:
    if not is_writable:
        return Health.UNHEALTHY
    requests = sum(digest.statuses.values())
    return Health.DEGRADED if requests and digest.statuses["5xx"] > FAILING_SHARE * requests else Health.HEALTHY
