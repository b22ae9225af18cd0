"""What was asked for? One submission of 1–25 images, its derived state, and the owner's feed of changes."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models import ApiKey, User
from jobs.states import ACTIVE, TERMINAL, Status

STATUS_CHOICES = [(status.value, status.value.capitalize()) for status in Status]


class JobQuerySet(models.QuerySet["Job"]):
    def owned_by(self, user: User) -> JobQuerySet:
        """Ownership is part of the look-up, so a stranger finds nothing, everywhere."""
        return self.filter(owner=user, deleted_at=None)

    def present(self) -> JobQuerySet:
        return self.filter(deleted_at=None)

    def active(self) -> JobQuerySet:
        return self.present().filter(status__in=ACTIVE)


class Job(models.Model):
    """One submission. ``status``, counts and ``progress`` are derived from its generations, in their transaction."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs")
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text="with which it was made"
    )
    name = models.CharField(max_length=200, blank=True)
    engine = models.CharField(max_length=60)
    options = models.JSONField(default=dict)
    formats = models.JSONField(default=list, help_text="extra formats to make at once")
    fallback = models.CharField(max_length=20, blank=True)
    webhook_url = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=128, blank=True)

    status = models.CharField(max_length=12, choices=STATUS_CHOICES, default=Status.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField(default=0)
    queued = models.PositiveSmallIntegerField(default=0)
    processing = models.PositiveSmallIntegerField(default=0)
    completed = models.PositiveSmallIntegerField(default=0)
    failed = models.PositiveSmallIntegerField(default=0)
    cancelled = models.PositiveSmallIntegerField(default=0)
    run = models.PositiveIntegerField(default=1, help_text="1, and one more for each explicit retry")
    version = models.PositiveBigIntegerField(default=1, help_text="raised by every change; the id of a live frame")
    feed_version = models.PositiveBigIntegerField(default=0, help_text="the owner's feed at the last change")

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True, help_text="when a person ended the job as a whole")
    picked_at = models.DateTimeField(null=True, blank=True, help_text="when a worker last took a generation of it")
    expires_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="gone for its owner; being purged")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="job_owner_newest"),
            models.Index(fields=["owner", "feed_version"], name="job_feed"),
            models.Index(fields=["status", "created_at"], name="job_status_age"),
            models.Index(fields=["owner", "picked_at"], name="job_turns"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="job_progress_percent"),
            models.CheckConstraint(
                condition=models.Q(finished_at=None, status__in=sorted(ACTIVE))
                | models.Q(finished_at__isnull=False, status__in=sorted(TERMINAL)),
                name="job_finished_is_terminal",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Job {self.id}"

    @property
    def counts(self) -> dict[str, int]:
        return {"total": self.total} | {status.value: getattr(self, status.value) for status in Status}

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


class ExpiredJob(models.Model):
    """A job that the retention has removed: its id alone, for an owner who comes back for its files."""

    job_id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    expired_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return str(self.job_id)


class Feed(models.Model):
    """Counts the changes to one user's jobs: the id of a frame in the stream of all jobs."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    version = models.PositiveBigIntegerField(default=0)


class IdempotencyKey(models.Model):
    """What an earlier request with the same key asked, and the job it made, if any. Kept for a day."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="sha256 of what was asked")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once")]

    def answers(self, fingerprint: str) -> bool:
        return self.fingerprint == fingerprint
