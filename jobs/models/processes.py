"""Which processes are alive? In the database, because Redis may vanish."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class WorkerHeartbeat(models.Model):
    """A worker's sign of life."""

    name = models.CharField(max_length=100, primary_key=True)
    queue = models.CharField(max_length=20)
    pid = models.PositiveIntegerField()
    host = models.CharField(max_length=100)
    version = models.CharField(max_length=20)
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["queue", "name"]

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """Who does what only one process need do, and until when (database's clock)."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} by {self.holder}"
