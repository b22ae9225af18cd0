"""Was this very request met before? A caller's key, kept for a day with the fingerprint of what it asked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from accounts.models import User
from jobs.errors import JobError
from jobs.models import IdempotencyKey, Job

KEPT = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Idempotency:
    """The caller's key for this request and the fingerprint of what it asks."""

    key: str
    fingerprint: str


def fingerprint(*asked: Any) -> str:
    """One value for what a request asks, whatever the order of its fields."""
    canonical = json.dumps(asked, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def find_key(owner: User, *, idempotency: Idempotency) -> IdempotencyKey | None:
    """What was noted under this key in the last day; ``JobError`` when it was another request.

    Sure only while the owner's feed is locked: two requests with one key may come at once.
    """
    rows = IdempotencyKey.objects.filter(owner=owner, key=idempotency.key, created_at__gt=Now() - KEPT)
    row = rows.select_related("job").first()
    if row is not None and not row.answers(idempotency.fingerprint):
        raise JobError(
            "idempotency_key_reused",
            "This idempotency key was used for another request.",
            hint="Use a new key for a new request.",
        )
    return row


def note_key(owner: User, *, idempotency: Idempotency, job: Job | None = None) -> None:
    """In the transaction of the work, so that what was refused is not remembered. With the owner's feed locked."""
    IdempotencyKey.objects.filter(owner=owner, key=idempotency.key).delete()  # one that is older than a day
    IdempotencyKey.objects.create(owner=owner, key=idempotency.key, fingerprint=idempotency.fingerprint, job=job)


def forget_old_keys() -> None:
    IdempotencyKey.objects.filter(created_at__lte=Now() - KEPT).delete()
