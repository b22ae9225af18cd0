"""What happened to a job? An append-only history."""

from __future__ import annotations

from django.db import models

from jobs.models.generations import Generation
from jobs.models.jobs import Job


class Event(models.Model):
    """One line of a job's history. ``number`` is the job's version of that change."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveBigIntegerField()
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    kind = models.CharField(max_length=30, help_text="created, started, completed, failed, cancelled, retried, …")
    message = models.TextField(blank=True)
    actor = models.CharField(max_length=150, blank=True, help_text="who asked for it; empty for the product itself")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["job", "number", "id"]
        indexes = [models.Index(fields=["job", "number"], name="event_order")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"
