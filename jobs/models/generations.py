"""How far is each model? One image, or one set of views, through one engine."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.dispatch import Signal

from accounts.models import User
from jobs.models.images import SourceImage
from jobs.models.jobs import STATUS_CHOICES, Job
from jobs.states import ACTIVE, SOURCES, TERMINAL, Stage, Status, WaitingReason

generation_ended = Signal()  # once its end is committed, with ``pk``: for those who count


class GenerationQuerySet(models.QuerySet["Generation"]):
    def owned_by(self, user: User) -> GenerationQuerySet:
        return self.filter(owner=user, job__deleted_at=None)

    def move(
        self,
        pk: uuid.UUID,
        to: Status,
        *,
        attempt: int | None = None,
        next_attempt: int | None = None,
        **fields: object,
    ) -> bool:
        """Change the state by one conditional UPDATE; did a row change?

        ``attempt`` locks out a worker that wakes up late; ``next_attempt`` takes its place. Nobody else assigns
        ``status``; callers are the verbs of services, which write the event and refresh the job in the same
        transaction.
        """
        rows = self.filter(pk=pk, status__in=SOURCES[to])
        if attempt is not None:
            rows = rows.filter(attempt=attempt)
        if next_attempt is not None:
            fields["attempt"] = next_attempt
        has_moved = rows.update(status=to, **fields) == 1
        if has_moved and to in TERMINAL:
            transaction.on_commit(partial(generation_ended.send_robust, Generation, pk=pk))
        return has_moved

    def move_some(
        self, ids: Sequence[uuid.UUID], to: Status, *, attempt: int, next_attempt: int, **fields: object
    ) -> list[uuid.UUID]:
        """As ``move`` for several that go on, by one UPDATE; which of them it changed. Within a transaction."""
        ready = self.filter(pk__in=ids, status__in=SOURCES[to], attempt=attempt).select_for_update()
        free = list(ready.order_by("pk").values_list("pk", flat=True))
        self.filter(pk__in=free, status__in=SOURCES[to], attempt=attempt).update(
            status=to, **{**fields, "attempt": next_attempt}
        )
        return free


class Generation(models.Model):
    """One model to be made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="generations")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(help_text="place in the job, from 0")
    name = models.CharField(max_length=160, help_text="stem of its files' names, unique in the job")
    engine = models.CharField(max_length=60)
    options = models.JSONField(default=dict)

    status = models.CharField(max_length=12, choices=STATUS_CHOICES, default=Status.QUEUED)
    stage = models.CharField(max_length=20, choices=[(s.value, s.value) for s in Stage], default=Stage.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)
    waiting_reason = models.CharField(
        max_length=20, blank=True, choices=[(r.value, r.value) for r in WaitingReason], default=WaitingReason.QUEUE
    )
    attempt = models.PositiveIntegerField(default=0, help_text="raised by every claim: the fence against late workers")
    crashes = models.PositiveSmallIntegerField(default=0, help_text="runs in a row that died without a word")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="by the database's clock")
    warnings = models.JSONField(default=list)
    facts = models.JSONField(default=dict, help_text="what the engine says of how it was made")
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    error_hint = models.TextField(blank=True)
    error_retryable = models.BooleanField(default=False)
    cost_estimated = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    cost_actual = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["job", "position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="generation_place"),
            models.UniqueConstraint(fields=["job", "name"], name="generation_name"),
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="generation_progress_percent"),
            models.CheckConstraint(
                condition=models.Q(finished_at=None, status__in=sorted(ACTIVE))
                | models.Q(finished_at__isnull=False, status__in=sorted(TERMINAL)),
                name="generation_finished_is_terminal",
            ),
        ]
        indexes = [
            models.Index(
                fields=["engine", "owner"], name="generation_waiting", condition=models.Q(status=Status.QUEUED.value)
            ),
            models.Index(
                fields=["lease_until"], name="generation_leases", condition=models.Q(status=Status.PROCESSING.value)
            ),
            models.Index(fields=["owner", "-created_at"], name="generation_owner_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


class GenerationInput(models.Model):
    """Which picture a generation shows from which side, and under which file name it came."""

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="inputs")
    image = models.ForeignKey(SourceImage, on_delete=models.PROTECT, related_name="uses")
    view = models.CharField(max_length=12, default="front")
    filename = models.CharField(max_length=160)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "view"], name="view_once")]
        ordering = ["generation", "id"]

    def __str__(self) -> str:
        return f"{self.view}: {self.filename}"


def lease_for(seconds: float) -> models.expressions.Combinable:
    """A time by the database's own clock: hosts may disagree about the time."""
    return Now() + timedelta(seconds=seconds)
