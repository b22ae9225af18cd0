"""How does the admin show facts that only services may change? Read-only pages and actions that report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from jobs.errors import JobError


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nobody adds, changes or deletes here: state has one writer."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """May this person use the actions? Those who might change the rows, if they were to be changed by hand."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


def apply_verb(request: HttpRequest, rows: Iterable[Any], *, verb: Callable[[Any], object], done: str) -> None:
    """Apply a verb of services to each row, leave an audit line for each, and say what came of it."""
    moved, refusals = _apply_to_each(rows, verb=verb)
    audit(request, moved, message=done)
    if moved:
        messages.success(request, f"{len(moved)} {done}.")
    for refusal in refusals[:5]:
        messages.warning(request, refusal)


def _apply_to_each(rows: Iterable[Model], *, verb: Callable[[Any], object]) -> tuple[list[Model], list[str]]:
    moved, refusals = [], []
    for row in rows:
        try:
            verb(row)
        except JobError as error:
            refusals.append(f"{row}: {error.message}")
        else:
            moved.append(row)
    return moved, refusals


def audit(request: HttpRequest, rows: Iterable[Model], *, message: str) -> None:
    """Who did what to which row, in Django's own log."""
    assert request.user.pk is not None
    LogEntry.objects.log_actions(request.user.pk, list(rows), CHANGE, change_message=message)


def show_age(moment: datetime | None) -> str:
    return timesince(moment, timezone.now(), depth=1) if moment else "–"


def show_progress(percent: int) -> SafeString:
    return format_html('<progress max="100" value="{}">{} %</progress>', percent, percent)


def show_picture(url: str, *, name: str) -> SafeString:
    return (
        format_html('<img src="{}" alt="{}" width="64" height="64" loading="lazy">', url, name)
        if url
        else SafeString("–")
    )
