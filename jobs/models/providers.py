"""How is a provider doing? What it offers, whether it may be asked, and what was spent with it."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Provider(models.Model):
    """One row for each provider, shared by all processes: offers, circuit breaker, pause of the whole account."""

    class Breaker(models.TextChoices):
        CLOSED = "closed", "Closed"  # all is well
        OPEN = "open", "Open"  # nothing is sent until the next probe
        HALF_OPEN = "half_open", "Half open"  # one request tries

    class Pause(models.TextChoices):
        AUTH = "auth", "Key refused"
        BALANCE = "balance", "Balance exhausted"
        LOCKED = "locked", "Account locked"

    name = models.CharField(max_length=20, primary_key=True)
    engines = models.JSONField(default=list, help_text="ids of the engines on offer, told by the process with the key")
    published_at = models.DateTimeField(null=True, blank=True)
    breaker = models.CharField(max_length=10, choices=Breaker.choices, default=Breaker.CLOSED)
    failures = models.PositiveIntegerField(default=0, help_text="within the present window")
    window_started_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    next_probe_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=10, choices=Pause.choices, blank=True)
    paused_message = models.TextField(blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class RemoteCopy(models.Model):
    """A result that a provider still keeps of work that was deleted here: an id alone, until it is gone there, too."""

    request_id = models.CharField(max_length=64, primary_key=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "remote copies"

    def __str__(self) -> str:
        return self.request_id


class LedgerEntry(models.Model):
    """What one attempt may cost, did cost, or turned out not to cost. Outlives the job: ids only, no content."""

    class State(models.TextChoices):
        HELD = "held", "Held"  # estimated when the work was made
        ACTUAL = "actual", "Actual"  # what the provider billed
        RELEASED = "released", "Released"  # nothing was billed

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    job_id = models.UUIDField()
    generation_id = models.UUIDField(db_index=True)
    attempt = models.PositiveIntegerField(null=True, blank=True)
    engine = models.CharField(max_length=60)
    amount = models.DecimalField(max_digits=10, decimal_places=4, help_text="USD")
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="counts for that day's submissions")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "ledger entries"
        indexes = [models.Index(fields=["owner", "created_at"], name="ledger_owner")]
        constraints = [models.UniqueConstraint(fields=["generation_id", "attempt"], name="ledger_attempt_once")]

    def __str__(self) -> str:
        return f"{self.amount} USD {self.state}"


class Purse(models.Model):
    """Locked by whoever spends for the whole site, so that two can never pass one limit together."""

    name = models.CharField(max_length=10, primary_key=True)

    def __str__(self) -> str:
        return self.name
