"""What was tried? One row for each try of a generation."""

from __future__ import annotations

import uuid

from django.db import models

from jobs.models.generations import Generation


class Submission(models.TextChoices):
    """How far one paid request is on its way to a provider. Empty for an engine of our own."""

    PREPARING = "preparing", "Preparing"  # nothing was sent: may be handed back
    SENDING = "sending", "Sending"  # committed before the one POST: from here on never sent again by itself
    ACCEPTED = "accepted", "Accepted"  # the provider's request id is known
    REJECTED = "rejected", "Rejected"  # the provider said no: nothing runs there
    NOT_SENT = "not_sent", "Not sent"  # the POST surely never arrived
    UNKNOWN = "unknown", "Unknown"  # it may run there: resolved by webhook, history or a person


# Paid for, or perhaps paid for: such an attempt is never given up for another one by itself.
MAY_BE_PAID = frozenset({Submission.SENDING, Submission.ACCEPTED, Submission.UNKNOWN})


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def at_provider(self) -> AttemptQuerySet:
        """Accepted and still to be followed, also when its generation was cancelled: for the true cost."""
        return self.filter(submission=Submission.ACCEPTED, settled_at=None)

    def running_at_provider(self) -> AttemptQuerySet:
        """Those that the provider has not finished."""
        return self.at_provider().filter(ready_at=None)

    def unresolved(self) -> AttemptQuerySet:
        """Nobody knows whether the provider took them."""
        return self.filter(submission=Submission.UNKNOWN, settled_at=None)


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
    endpoint = models.CharField(max_length=120, blank=True, help_text="at the provider")
    arguments = models.JSONField(default=dict, blank=True, help_text="what was sent")
    input_urls = models.JSONField(default=list, blank=True, help_text="the pictures' addresses, unique to this attempt")
    submission = models.CharField(max_length=10, choices=Submission.choices, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    next_poll_at = models.DateTimeField(null=True, blank=True)
    polls = models.PositiveIntegerField(default=0)
    poll_failures = models.PositiveIntegerField(default=0, help_text="in a row")
    provider_position = models.PositiveIntegerField(null=True, blank=True, help_text="requests ahead at the provider")
    running_since = models.DateTimeField(null=True, blank=True, help_text="when the provider was first seen at work")
    ready_at = models.DateTimeField(null=True, blank=True, help_text="when the provider said it is over")
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    cancel_sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="nothing more is to come from the provider")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="while a worker fetches or finishes the result")
    collected_at = models.DateTimeField(null=True, blank=True, help_text="when its files were stored")
    finish_claims = models.PositiveSmallIntegerField(default=0, help_text="runs that made preview and formats, or died")
    raw_result = models.JSONField(null=True, blank=True)
    billable_units = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    unit_price = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True, help_text="USD")
    error_code = models.CharField(max_length=40, blank=True)
    error_type = models.CharField(max_length=60, blank=True, help_text="the provider's own name of the trouble")
    error_detail = models.TextField(blank=True, help_text="the provider's own words")
    cost = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True, help_text="USD")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "number"], name="attempt_once"),
            models.CheckConstraint(
                condition=~models.Q(submission="accepted") | models.Q(request_id__isnull=False),
                name="attempt_accepted_has_request_id",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_poll_at"],
                name="attempt_polls",
                condition=models.Q(submission="accepted", settled_at=None),
            )
        ]
        ordering = ["generation", "number"]

    def __str__(self) -> str:
        return f"Attempt {self.number} of {self.generation_id}"
