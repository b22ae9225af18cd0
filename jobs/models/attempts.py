"""What was tried? One row for each try of a generation."""

from __future__ import annotations

import uuid

from django.db import models

from jobs.models.generations import Generation


class Attempt(models.Model):
    """One try of a generation: with which engine, by whom, what came of it, what it cost."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        LOST = "lost", "Lost"  # its worker died; the generation was handed back

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    engine = models.CharField(max_length=60)
    worker = models.CharField(max_length=100, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    request_id = models.CharField(max_length=64, null=True, blank=True, unique=True, help_text="the engine's own id")
    error_code = models.CharField(max_length=40, blank=True)
    cost = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True, help_text="USD")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "number"], name="attempt_once")]
        ordering = ["generation", "number"]

    def __str__(self) -> str:
        return f"Attempt {self.number} of {self.generation_id}"
