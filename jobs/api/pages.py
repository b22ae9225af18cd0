"""Which part of a long list is this? Cursors that stay right while the list grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet

from jobs.api.fields import refuse
from jobs.models import Job

SALT = "jobs.api.pages"
NEWEST_FIRST, OLDEST_FIRST = ("-created_at", "-id"), ("created_at", "id")


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The place of one job in the list; ``back`` reads towards newer ones."""

    created_at: datetime
    id: UUID
    back: bool

    def encode(self) -> str:
        return signing.dumps([self.created_at.isoformat(), self.id.hex, self.back], salt=SALT, compress=True)

    def select(self) -> Q:
        word = "gt" if self.back else "lt"
        same_time = Q(created_at=self.created_at, **{f"id__{word}": self.id})
        return Q(**{f"created_at__{word}": self.created_at}) | same_time


def read_cursor(text: str) -> Cursor | None:
    if not text:
        return None
    try:
        created_at, id_hex, back = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        raise refuse("cursor", "This cursor is not one of ours.", hint="Follow the addresses in next.") from None
    return Cursor(created_at=datetime.fromisoformat(created_at), id=UUID(id_hex), back=back)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of the list, and where it goes on."""

    jobs: list[Job]
    next: Cursor | None
    previous: Cursor | None


def read_page(jobs: QuerySet[Job], *, cursor: Cursor | None, limit: int) -> Page:
    back = cursor is not None and cursor.back
    rows = jobs.filter(cursor.select()) if cursor else jobs
    found = list(rows.order_by(*(OLDEST_FIRST if back else NEWEST_FIRST))[: limit + 1])
    has_more, found = len(found) > limit, found[:limit]
    if back:
        found.reverse()
    if not found:
        return Page(jobs=[], next=None, previous=None)
    return Page(
        jobs=found,
        next=_place(found[-1], back=False) if has_more or back else None,
        previous=_place(found[0], back=True) if (has_more if back else cursor is not None) else None,
    )


def _place(job: Job, *, back: bool) -> Cursor:
    return Cursor(created_at=job.created_at, id=job.pk, back=back)


def build_address(base: str, query: dict[str, Any], *, cursor: Cursor | None) -> str | None:
    return f"{base}?{urlencode({**query, 'cursor': cursor.encode()})}" if cursor else None
