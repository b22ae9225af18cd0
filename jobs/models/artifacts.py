"""What came out? Stored results, and the formats still to be made of them."""

from __future__ import annotations

import uuid

from django.db import models

from accounts.models import User
from jobs.models.generations import Generation
from jobs.models.jobs import STATUS_CHOICES
from jobs.states import Status


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    def owned_by(self, user: User) -> ArtifactQuerySet:
        return self.filter(generation__owner=user, generation__job__deleted_at=None)


class Artifact(models.Model):
    """A stored file of a generation: a model in a format, a preview, a mask, a raw result."""

    class Role(models.TextChoices):
        MODEL = "model", "Model"
        PREVIEW = "preview", "Preview"
        MASK = "mask", "Mask"
        RAW = "raw", "Raw result"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="artifacts")
    role = models.CharField(max_length=8, choices=Role.choices)
    format = models.CharField(max_length=10)
    options = models.JSONField(default=dict, help_text="how it was converted, such as longest_edge_mm")
    path = models.CharField(max_length=200, unique=True)
    filename = models.CharField(max_length=200, help_text="what a download is called; unique in the job")
    content_type = models.CharField(max_length=60)
    size = models.PositiveBigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    faces = models.PositiveIntegerField(null=True, blank=True)
    vertices = models.PositiveIntegerField(null=True, blank=True)
    watertight = models.BooleanField(null=True, blank=True)
    bounds = models.JSONField(null=True, blank=True, help_text="metres: min, max, size")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "filename"], name="artifact_name")]
        ordering = ["generation", "created_at"]

    def __str__(self) -> str:
        return self.filename


class Conversion(models.Model):
    """A format that somebody asked for after the fact: the work item of the ``post`` queue."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="conversions")
    format = models.CharField(max_length=10)
    options = models.JSONField(default=dict)
    status = models.CharField(max_length=12, choices=STATUS_CHOICES, default=Status.QUEUED)
    claim = models.PositiveIntegerField(default=0, help_text="raised by every claim: the fence against late workers")
    lease_until = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "format"],
                name="conversion_once_at_a_time",
                condition=models.Q(status__in=[Status.QUEUED.value, Status.PROCESSING.value]),
            )
        ]
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.format} of {self.generation_id}"
