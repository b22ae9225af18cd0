"""Where does somebody make, see, try and remove webhooks? Pages of the account."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs.errors import JobError
from jobs.models import Webhook, WebhookDelivery
from jobs.models.webhooks import WebhookType
from jobs.services.webhooks import subscriptions
from jobs.views.access import act, signed_in

DELIVERIES_SHOWN = 20


class WebhookForm(forms.Form):
    url = forms.CharField(
        max_length=500,
        label="Address",
        help_text="Begins with https:// and can be reached from the internet.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://example.org/models"}),
    )
    types = forms.MultipleChoiceField(
        choices=WebhookType.choices,
        initial=WebhookType.values,
        label="Call it when",
        widget=forms.CheckboxSelectMultiple,
    )


class ChangeForm(WebhookForm):
    active = forms.BooleanField(required=False, label="Switched on")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_webhooks(request: HttpRequest) -> HttpResponse:
    """All of them. A new secret is shown in the answer to its own POST and nowhere else."""
    user = signed_in(request)
    form = WebhookForm(request.POST or None)
    made = _try(form, partial(subscriptions.create_webhook, user)) if form.is_valid() else None
    context = {
        "webhooks": _with_last_delivery(Webhook.objects.owned_by(user)),
        "deliveries": list_deliveries(request),
        "form": WebhookForm() if made else form,
        "made": made,
        "secret": made.secret if made else "",
    }
    return render(request, "jobs/webhooks.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """One of them: to change, to try, and what was sent to it."""
    webhook = find_webhook(request, webhook_id)
    initial = {"url": webhook.url, "types": webhook.types, "active": webhook.active}
    form = ChangeForm(request.POST or None, initial=initial)
    if form.is_valid() and _try(form, partial(subscriptions.update_webhook, webhook)):
        messages.success(request, "Saved.")
        return redirect("webhook", webhook_id)
    return _show_one(request, webhook, form=form)


def _show_one(request: HttpRequest, webhook: Webhook, *, form: forms.Form, secret: str = "") -> HttpResponse:
    deliveries = list_deliveries(request, webhook=webhook)
    context = {"webhook": webhook, "form": form, "deliveries": deliveries, "secret": secret}
    return render(request, "jobs/webhook.html", context)


def _try(form: forms.Form, verb: Callable[..., Webhook]) -> Webhook | None:
    try:
        return verb(**form.cleaned_data)
    except JobError as error:
        form.add_error("url" if error.code == "url_not_allowed" else None, f"{error.message} {error.hint}".strip())
        return None


@never_cache
@login_required
@require_POST
def rotate_secret(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook = find_webhook(request, webhook_id)
    secret = subscriptions.rotate_secret(webhook)
    form = ChangeForm(initial={"url": webhook.url, "types": webhook.types, "active": webhook.active})
    return _show_one(request, webhook, form=form, secret=secret)


@never_cache
@login_required
@require_POST
def rotate_job_secret(request: HttpRequest) -> HttpResponse:
    """What signs the calls to the addresses of single jobs."""
    user = signed_in(request)
    secret = subscriptions.rotate_secret(subscriptions.find_job_secret(user))
    context = {
        "webhooks": _with_last_delivery(Webhook.objects.owned_by(user)),
        "deliveries": list_deliveries(request),
        "form": WebhookForm(),
        "secret": secret,
    }
    return render(request, "jobs/webhooks.html", context)


@login_required
@require_POST
def send_test(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook = find_webhook(request, webhook_id)
    place = reverse("webhook", args=[webhook_id])
    return act(request, lambda: subscriptions.send_test(webhook), done="A test is on its way.", place=place)


@login_required
@require_POST
def replay(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    delivery = get_object_or_404(WebhookDelivery.objects.owned_by(signed_in(request)), pk=delivery_id)
    place = reverse("webhook", args=[delivery.webhook_id]) if delivery.webhook_id else reverse("webhooks")
    return act(request, lambda: subscriptions.replay(delivery), done="It is sent again.", place=place)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete_webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook = find_webhook(request, webhook_id)
    if request.method != "POST":
        return render(request, "jobs/webhook_delete.html", {"webhook": webhook})
    subscriptions.delete_webhook(webhook)
    messages.success(request, "The webhook is deleted.")
    return redirect("webhooks")


@never_cache
@login_required
@require_safe
def show_deliveries(request: HttpRequest, webhook_id: UUID | None = None) -> HttpResponse:
    """The list alone, for the script that looks again while something is under way."""
    webhook = find_webhook(request, webhook_id) if webhook_id else None
    context = {"deliveries": list_deliveries(request, webhook=webhook), "webhook": webhook}
    return render(request, "jobs/parts/deliveries.html", context)


def find_webhook(request: HttpRequest, webhook_id: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.owned_by(signed_in(request)), pk=webhook_id)


def list_deliveries(request: HttpRequest, *, webhook: Webhook | None = None) -> list[dict[str, Any]]:
    rows = WebhookDelivery.objects.owned_by(signed_in(request))
    if webhook is not None:
        rows = rows.filter(webhook=webhook)
    return [_describe(row) for row in rows[:DELIVERIES_SHOWN]]


def _describe(delivery: WebhookDelivery) -> dict[str, Any]:
    """``badge``: the state whose colour and shape it borrows."""
    badges = {"pending": "queued", "delivered": "completed", "failed": "failed"}
    is_waiting = delivery.status == WebhookDelivery.Status.PENDING
    words = "Trying again" if is_waiting and delivery.failures else delivery.get_status_display()
    is_fresh = is_waiting and delivery.failures == 0
    return {"row": delivery, "badge": badges[delivery.status], "words": words, "is_fresh": is_fresh}


def _with_last_delivery(webhooks: QuerySet[Webhook]) -> QuerySet[Webhook]:
    newest = WebhookDelivery.objects.filter(webhook=OuterRef("pk")).order_by("-created_at").values("status")[:1]
    return webhooks.annotate(last_status=Subquery(newest))
