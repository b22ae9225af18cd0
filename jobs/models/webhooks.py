"""Whom do we tell what happened, and what came of it? Webhooks, and the outbox that survives every crash."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models

from accounts.models import User
from image2model.sealing import SealedField
from jobs.models.jobs import Job
from jobs.signatures import make_secret


class WebhookType(models.TextChoices):
    JOB_COMPLETED = "job.completed", "A job is completed"
    JOB_FAILED = "job.failed", "A job failed"
    JOB_CANCELLED = "job.cancelled", "A job was cancelled"
    BUDGET_THRESHOLD = "budget.threshold", "Most of a budget is spent"


TEST_TYPE = "webhook.test"  # sent when somebody presses the button, whatever was subscribed to


class SigningSecret(models.Model):
    """A secret known to us and to a receiver, and the one before it for a while. Sealed: it has to sign again."""

    secret = SealedField(default=make_secret)
    former_secret = SealedField(blank=True)
    former_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def list_secrets(self, now: datetime) -> list[str]:
        """Those that sign now, the newest first; none when no key of the site opens them any more."""
        is_former_good = self.former_until is not None and self.former_until > now
        return [secret for secret in (self.secret, self.former_secret if is_former_good else "") if secret]


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def owned_by(self, user: User) -> WebhookQuerySet:
        return self.filter(owner=user)


class Webhook(SigningSecret):
    """An address that a user wants called for some types of events."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    types = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.url


class JobWebhookSecret(SigningSecret):
    """Signs the calls to the ``webhook_url`` of a user's jobs."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)

    def __str__(self) -> str:
        return f"Of {self.owner}"


class DeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def owned_by(self, user: User) -> DeliveryQuerySet:
        return self.filter(owner=user)


class WebhookDelivery(models.Model):
    """One event for one address, written in the transaction of the event; tried until it is taken or a day is over."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries",
        help_text="none for the webhook_url of a job",
    )  # fmt: skip
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries")
    url = models.CharField(max_length=500)
    event_id = models.CharField(max_length=64, help_text="the header webhook-id: the same for every try")
    type = models.CharField(max_length=40)
    body = models.TextField(help_text="exactly what is sent and signed")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    tries = models.PositiveIntegerField(default=0, help_text="also the fence against a late result")
    failures = models.PositiveIntegerField(default=0, help_text="in a row, since it was sent or replayed")
    next_try_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="while a try is under way")
    last_try_at = models.DateTimeField(null=True, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_excerpt = models.TextField(blank=True)
    error = models.TextField(blank=True, help_text="why there was no answer, or no good one")
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "webhook deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "event_id"], name="delivery_once")]
        indexes = [
            models.Index(fields=["next_try_at"], name="delivery_due", condition=models.Q(status="pending")),
            models.Index(fields=["owner", "-created_at"], name="delivery_owner_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.type} to {self.url}"
