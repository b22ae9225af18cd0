"""Who may read one job without a header? A signed, short-lived token for streams, pictures, viewers (``?access=``)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from django.core import signing

SALT = "accounts.access"


@dataclass(frozen=True, kw_only=True)
class Access:
    """``user_id`` may read ``job_id``, and do nothing else, until ``expires_at`` (seconds since 1970)."""

    user_id: int
    job_id: UUID
    expires_at: int


def make_access_token(user_id: int, job_id: UUID, *, seconds: int) -> str:
    return signing.dumps([user_id, job_id.hex, int(time.time()) + seconds], salt=SALT)


def read_access_token(raw: str) -> Access | None:
    """None for a token that we did not sign or whose time is over."""
    try:
        user_id, job_id, expires_at = signing.loads(raw, salt=SALT)
    except signing.BadSignature:
        return None
    if expires_at <= time.time():
        return None
    return Access(user_id=user_id, job_id=UUID(job_id), expires_at=expires_at)
