"""How full is it? The disk, and what pictures and models take of it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum

from image2model.ops import system
from image2model.ops.health import Health
from jobs.models import Artifact, SourceImage

GIGABYTE, MEGABYTE = 1024**3, 1024**2
NEARLY_FULL, FULL = 85.0, 95.0  # percent
UPLOADS, RESULTS = "upload_dir", "output_dir"


def describe_disk_usage() -> dict[str, Any]:
    """By the names that the endpoints have always had: ``upload_dir`` pictures, ``output_dir`` models."""
    disk = describe_disk(find_disk())
    return {
        UPLOADS: disk | _sum_files(SourceImage),
        RESULTS: disk | _sum_files(Artifact),
    }


def find_disk() -> Path:
    """The one that holds the files; with an object store, the one of everything else."""
    folder = Path(settings.STORAGES["default"].get("OPTIONS", {}).get("location", ""))
    return folder if folder.is_absolute() and folder.exists() else settings.DATA_DIR


def describe_disk(folder: Path) -> dict[str, float]:
    disk = shutil.disk_usage(folder)
    return {
        "disk_total_gb": round(disk.total / GIGABYTE, 2),
        "disk_used_gb": round(disk.used / GIGABYTE, 2),
        "disk_free_gb": round(disk.free / GIGABYTE, 2),
        "disk_usage_percent": system.read_disk_percent(folder),
    }


def read_free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _sum_files(model: type[SourceImage] | type[Artifact]) -> dict[str, float]:
    facts = model._default_manager.aggregate(number=Count("pk"), size=Sum("size"))
    return {"files": facts["number"], "size_mb": to_megabytes(facts["size"] or 0)}


def to_megabytes(size: int) -> float:
    return round(size / MEGABYTE, 3)


def judge_disk(percent: float) -> Health:
    return Health.UNHEALTHY if percent >= FULL else Health.DEGRADED if percent >= NEARLY_FULL else Health.HEALTHY


def list_warnings(usage: dict[str, Any]) -> list[str]:
    return [
        f"The disk of {name} is {facts['disk_usage_percent']} % full; {facts['disk_free_gb']} GB are free."
        for name, facts in usage.items()
        if judge_disk(facts["disk_usage_percent"]) != Health.HEALTHY
    ]


def tell_time() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
