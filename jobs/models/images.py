"""Which pictures are stored? Each once for each owner and content."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models import User


class SourceImageQuerySet(models.QuerySet["SourceImage"]):
    def owned_by(self, user: User) -> SourceImageQuerySet:
        return self.filter(owner=user)


class SourceImage(models.Model):
    """An uploaded picture. Its file name belongs to the generation's input, not to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="source_images")
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200, unique=True)
    thumbnail_path = models.CharField(max_length=200)
    content_type = models.CharField(max_length=20)
    size = models.PositiveBigIntegerField(help_text="bytes")
    width = models.PositiveIntegerField(help_text="pixels, upright")
    height = models.PositiveIntegerField(help_text="pixels, upright")
    has_alpha = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SourceImageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "sha256"], name="image_once_per_owner")]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.width}×{self.height} {self.content_type}"
