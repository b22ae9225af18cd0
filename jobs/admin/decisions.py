"""How is staff asked before something that cannot be taken back? A page with the facts, one question, one button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from jobs.admin.readonly import audit
from jobs.errors import JobError


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One question to staff, and what is done when the answer is yes."""

    title: str
    question: str
    answer: str  # on the button
    verb: Callable[[], object]  # ``JobError`` when it is too late
    done: str  # told afterwards, and kept in the log
    facts: Sequence[tuple[str, object]] = ()
    form: forms.Form | None = None


def ask(model_admin: admin.ModelAdmin, request: HttpRequest, row: Model, decision: Decision) -> HttpResponse:  # type: ignore[type-arg]
    """The page; and once it is answered, the verb with an audit line."""
    name = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}"
    back_url = reverse(f"{name}_change", args=[row.pk])
    if request.method == "POST" and (decision.form is None or decision.form.is_valid()):
        _do(request, row, decision)
        return HttpResponseRedirect(back_url)
    context = {
        **model_admin.admin_site.each_context(request),
        **{key: getattr(decision, key) for key in ("title", "question", "answer", "facts", "form")},
        "opts": model_admin.opts,
        "row": row,
        "back_url": back_url,
        "list_url": reverse(f"{name}_changelist"),
    }
    return TemplateResponse(request, "admin/decide.html", context)


def _do(request: HttpRequest, row: Model, decision: Decision) -> None:
    try:
        decision.verb()
    except JobError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        audit(request, [row], message=decision.done)
        messages.success(request, decision.done)
