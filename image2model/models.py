"""What is kept of the running product itself? Its processes, its latest readings, and its outages."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class RunningProcess(models.Model):
    """One process of the product: what it does, and from which code and settings it was started."""

    name = models.CharField(max_length=100, primary_key=True)
    kind = models.CharField(max_length=20, help_text="web, live, or the queue that a worker works on")
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=20)
    commit = models.CharField(max_length=40, blank=True)
    schema = models.CharField(max_length=200, help_text="the newest migration of each app that its code knows")
    settings = models.JSONField(default=dict, help_text="a fingerprint of each setting that all processes share")
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["kind", "name"]
        verbose_name_plural = "running processes"

    def __str__(self) -> str:
        return self.name


class Reading(models.Model):
    """The latest outcome of something that is done again and again: one row for each."""

    name = models.CharField(max_length=40, primary_key=True)
    facts = models.JSONField(default=dict)
    taken_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class Outage(models.Model):
    """Something that went wrong, from its first sight to its end."""

    name = models.CharField(max_length=40)
    summary = models.TextField()
    advice = models.TextField(blank=True)
    began_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now(), help_text="when it was last seen to last")
    alarmed_at = models.DateTimeField(null=True, blank=True, help_text="when it had lasted long enough to be told")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(ended_at__isnull=True), name="outage_one_open_of_a_name"
            )
        ]
        indexes = [models.Index(fields=["-began_at"], name="outage_latest")]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """One message about one outage through one channel: sent once, tried until it was."""

    class Kind(models.TextChoices):
        BEGAN = "began", "Began"
        ENDED = "ended", "Ended"

    class Channel(models.TextChoices):
        MAIL = "mail", "Mail"
        WEBHOOK = "webhook", "Webhook"

    outage = models.ForeignKey(Outage, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["outage", "kind", "channel"], name="notice_once")]

    def __str__(self) -> str:
        return f"{self.outage} {self.kind} by {self.channel}"
