"""What was tried, how far did each paid request come, and what does staff decide when nobody knows?"""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path

from jobs.admin.decisions import Decision, ask
from jobs.admin.readonly import ReadOnlyAdmin
from jobs.errors import JobError
from jobs.models import Attempt, Submission
from jobs.services.fal import unknown
from jobs.states import Status

REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")


class RequestIdForm(forms.Form):
    """FAL's id of a request, as its dashboard shows it."""

    request_id = forms.CharField(
        label="Request id", max_length=64, strip=True, help_text="From the list of requests in FAL's dashboard."
    )

    def clean_request_id(self) -> str:
        request_id: str = self.cleaned_data["request_id"]
        if not REQUEST_ID.fullmatch(request_id):
            raise forms.ValidationError("This is no request id: it has 8 to 64 letters, digits, - and _.")
        return request_id


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = (
        "generation", "number", "engine", "outcome", "submission", "request_id", "error_code", "cost", "created_at",
    )  # fmt: skip
    list_filter = ("submission", "outcome", "engine", "error_code", "created_at")
    search_fields = ("request_id", "generation__id", "generation__name", "generation__owner__email", "worker")
    date_hierarchy = "created_at"
    list_select_related = ("generation",)
    change_form_template = "admin/attempt.html"
    fieldsets = (
        (None, {"fields": ("generation", "number", "engine", "endpoint", "worker", "outcome", "created_at",
                           "finished_at")}),
        ("Submission", {"fields": ("submission", "request_id", "sent_at", "accepted_at", "error_code", "error_type",
                                   "error_detail")}),
        ("At the provider", {"fields": ("provider_position", "running_since", "deadline_at", "next_poll_at", "polls",
                                        "poll_failures", "cancel_asked_at", "cancel_sent_at", "ready_at",
                                        "collected_at", "settled_at")}),
        ("Money, USD", {"fields": ("cost", "billable_units", "unit_price")}),
        ("What was sent and what came", {"classes": ("collapse",),
                                         "fields": ("arguments", "input_urls", "raw_result")}),
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:attempt_id>/it-ran/", wrap(self.decide_it_ran), name="jobs_attempt_it_ran"),
            path("<int:attempt_id>/send-again/", wrap(self.decide_send_again), name="jobs_attempt_send_again"),
            path("<int:attempt_id>/give-up/", wrap(self.decide_give_up), name="jobs_attempt_give_up"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        attempt: Attempt = context["original"]
        may_decide = is_undecided(attempt) and self.has_act_permission(request)
        context |= {"may_decide": may_decide, "may_send_again": may_decide and is_waited_for(attempt)}
        return super().render_change_form(request, context, *args, **kwargs)

    def decide_it_ran(self, request: HttpRequest, attempt_id: int) -> HttpResponse:
        """FAL took it: follow this request."""
        attempt = self._find(request, attempt_id)
        form = RequestIdForm(request.POST or None)
        return ask(self, request, attempt, Decision(
            title="It ran: here is the request id",
            question="You found the request in FAL's dashboard. It is followed from now on, its model and cost are "
                     "taken, and nothing is sent again.",
            answer="Follow this request",
            verb=lambda: _adopt(attempt, request_id=form.cleaned_data["request_id"], actor=str(request.user)),
            done=f"Attempt {attempt.number} is followed at FAL under the id that was given.",
            facts=_list_facts(attempt), form=form,
        ))  # fmt: skip

    def decide_send_again(self, request: HttpRequest, attempt_id: int) -> HttpResponse:
        """Take it for lost and pay once more."""
        attempt = self._find(request, attempt_id)
        if not is_waited_for(attempt):
            raise Http404
        return ask(self, request, attempt, Decision(
            title="Send again and accept the cost",
            question="FAL may have taken the first request: then both are charged. Look into FAL's dashboard first.",
            answer="Send again and accept the cost",
            verb=lambda: unknown.send_again(attempt, actor=str(request.user)),
            done=f"Attempt {attempt.number} is taken for lost; it is sent again, and may be charged twice.",
            facts=_list_facts(attempt),
        ))  # fmt: skip

    def decide_give_up(self, request: HttpRequest, attempt_id: int) -> HttpResponse:
        """Wait no longer to learn what became of it."""
        attempt = self._find(request, attempt_id)
        return ask(self, request, attempt, Decision(
            title="Give it up without a model",
            question="The model ends as failed, and its owner may run it again. FAL may have taken the request: its "
                     "estimated cost counts as spent. Should FAL still tell of it, its model is taken.",
            answer="Give it up",
            verb=lambda: unknown.give_up_unknown(attempt, actor=str(request.user)),
            done=f"Attempt {attempt.number} was given up; its estimated cost counts as spent.",
            facts=_list_facts(attempt),
        ))  # fmt: skip

    def _find(self, request: HttpRequest, attempt_id: int) -> Attempt:
        if not self.has_act_permission(request):
            raise PermissionDenied
        attempt = Attempt.objects.select_related("generation__owner").filter(pk=attempt_id).first()
        if attempt is None:
            raise Http404
        return attempt


def is_undecided(attempt: Attempt) -> bool:
    """Does nobody know whether the provider took it?"""
    return attempt.submission == Submission.UNKNOWN and attempt.settled_at is None


def is_waited_for(attempt: Attempt) -> bool:
    """Would a model of it still be wanted?"""
    generation = attempt.generation
    return generation.status == Status.PROCESSING and generation.attempt == attempt.number


def _adopt(attempt: Attempt, *, request_id: str, actor: str) -> None:
    if not unknown.adopt(attempt, request_id=request_id, actor=actor):
        raise JobError("bad_request", "It is known meanwhile what became of this submission.")


def _list_facts(attempt: Attempt) -> list[tuple[str, object]]:
    return [
        ("Model", attempt.generation.name),
        ("Owner", attempt.generation.owner),
        ("Endpoint", attempt.endpoint),
        ("Sent", attempt.sent_at),
        ("What happened", attempt.error_detail),
        ("Pictures", ", ".join(attempt.input_urls)),
        ("Estimated, USD", attempt.generation.cost_estimated),
    ]
