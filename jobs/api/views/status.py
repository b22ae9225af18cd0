"""How far is it, in the words of old clients? Contract section 4, answered from the same data."""

from __future__ import annotations

import time
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from image2model.rest import read_id
from jobs import events
from jobs.api import serializers
from jobs.api.views.base import JobView, LinkedJobView, first_or_404
from jobs.models import Generation, Job
from jobs.states import TERMINAL, Status

TASK_FIELDS = ("status", "progress", "message", "task_id", "job_id", "total_files", "current", "timestamp")


class TaskStatusView(JobView):
    @document("get_task_status", responses=serializers.TaskStatusSerializer)
    def get(self, request: Request, task_id: str) -> Response:
        """How far a job is, by its task id."""
        task = read_id(task_id, what="task ID")
        return Response(describe_task(first_or_404(Job.objects.owned_by(self.user).filter(task_id=task))))


class JobProgressView(LinkedJobView):
    @document("get_job_progress", responses=serializers.JobProgressSerializer)
    def get(self, request: Request, job_id: str) -> Response:
        """How far each picture of a job is."""
        return Response(describe_progress(self.find_job(job_id)))


def describe_task(job: Job) -> dict[str, Any]:
    snapshot = events.build_snapshot(job)
    over = {
        "job_id": str(job.pk),
        "total_files": job.total,
        "successful_files": job.completed,
        "failed_files": job.failed,
    }
    errors = [entry["error"]["message"] for entry in snapshot["generations"] if entry["error"]]
    return {name: snapshot[name] for name in TASK_FIELDS} | {
        "result": over if job.status in TERMINAL else None,
        "error": errors[0] if errors and job.status == Status.FAILED else None,
    }


def describe_progress(job: Job) -> dict[str, Any]:
    return {
        "job_id": str(job.pk),
        "overall_progress": job.progress,
        "total_files": job.total,
        "completed_files": job.completed,
        "failed_files": job.failed,
        "files": {str(row.pk): _describe_file(row) for row in job.generations.all()},
        "timestamp": int(time.time() * 1000),
    }


def _describe_file(generation: Generation) -> dict[str, Any]:
    return {
        "filename": events.front_filename(generation),
        "status": generation.status,
        "progress": generation.progress,
        "error": generation.error_message or None,
    }
