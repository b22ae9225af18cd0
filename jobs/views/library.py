"""What have I made? All models of a person, and all jobs, with search, filters, paging and actions on many."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe

from jobs import catalog
from jobs.models import Generation, Job
from jobs.services import delete_generation
from jobs.states import ACTIVE, Status
from jobs.views.access import signed_in
from jobs.views.cards import build_cards, with_pictures
from jobs.views.files import answer_zip

MODELS_ON_PAGE = 24
JOBS_ON_PAGE = 20
SHOWN_OF_JOB = 4  # pictures in its row
STATUS_FILTERS: dict[str, tuple[str, list[Status]]] = {
    "completed": ("Completed", [Status.COMPLETED]),
    "active": ("In progress", sorted(ACTIVE)),
    "failed": ("Failed", [Status.FAILED]),
    "cancelled": ("Cancelled", [Status.CANCELLED]),
}


@login_required
@require_safe
def show_library(request: HttpRequest) -> HttpResponse:
    """Models as pictures; ``?tab=jobs`` lists what they came from."""
    tab = "jobs" if request.GET.get("tab") == "jobs" else "models"
    page, extra = _page_of_jobs(request) if tab == "jobs" else _page_of_models(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("search", "status", "engine", "since", "until")}
    context = {
        "tab": tab,
        "page": page,
        "asked": asked,
        "is_filtered": any(asked.values()),
        "status_filters": [(key, label) for key, (label, _) in STATUS_FILTERS.items()],
        "engines": list(catalog.ENGINES.values()),
        **extra,
    }
    return render(request, "jobs/library.html", context)


def _page_of_models(request: HttpRequest) -> tuple[Page[Generation], dict[str, Any]]:
    rows = Generation.objects.owned_by(signed_in(request)).filter(_read_filters(request))
    if search := request.GET.get("search", "").strip():
        rows = rows.filter(Q(name__icontains=search) | Q(job__name__icontains=search))
    ordered = with_pictures(rows.order_by("-created_at", "job", "position"))
    page = Paginator(ordered, MODELS_ON_PAGE).get_page(request.GET.get("page"))
    return page, {"cards": build_cards(page.object_list)}


def _page_of_jobs(request: HttpRequest) -> tuple[Page[Job], dict[str, Any]]:
    rows = Job.objects.owned_by(signed_in(request)).filter(_read_filters(request))
    if search := request.GET.get("search", "").strip():
        rows = rows.filter(Q(name__icontains=search) | Q(generations__name__icontains=search)).distinct()
    shown = with_pictures(Generation.objects.filter(position__lt=SHOWN_OF_JOB).order_by("position"))
    ordered = rows.prefetch_related(Prefetch("generations", shown, to_attr="shown"))
    page = Paginator(ordered, JOBS_ON_PAGE).get_page(request.GET.get("page"))
    return page, {"rows": [(job, build_cards(job.shown)) for job in page.object_list]}


def _read_filters(request: HttpRequest) -> Q:
    """A filter that makes no sense is left out: a list is a better answer than an error."""
    wanted = Q()
    if (status := request.GET.get("status", "")) in STATUS_FILTERS:
        wanted &= Q(status__in=STATUS_FILTERS[status][1])
    if (engine := request.GET.get("engine", "")) in catalog.ENGINES:
        wanted &= Q(engine=engine)
    if since := _read_day(request, "since"):
        wanted &= Q(created_at__gte=_day_at(since, time.min))
    if until := _read_day(request, "until"):
        wanted &= Q(created_at__lte=_day_at(until, time.max))
    return wanted


def _read_day(request: HttpRequest, name: str) -> date | None:
    try:
        return parse_date(request.GET.get(name, ""))
    except ValueError:
        return None


def _day_at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, tzinfo=timezone.get_current_timezone())


@login_required
@require_POST
def act_on_many(request: HttpRequest) -> HttpResponseBase:
    """The ticked models: one zip, or gone; asked first."""
    chosen = _read_chosen(request)
    if not chosen:
        messages.warning(request, "Tick at least one model first.")
        return redirect("library")
    if request.POST.get("action") != "delete":
        return answer_zip(request, chosen, name="models", place=reverse("library"))
    if "confirmed" not in request.POST:
        return render(request, "jobs/confirm_generations.html", {"generations": chosen})
    for generation in chosen:
        delete_generation(generation, actor=str(signed_in(request)))
    messages.success(request, f"{len(chosen)} model{'' if len(chosen) == 1 else 's'} gone.")
    return redirect("library")


def _read_chosen(request: HttpRequest) -> list[Generation]:
    """The visitor's own of those named; an id that is none is passed over."""
    ids = [found for text in request.POST.getlist("generation")[:200] if (found := _read_id(text))]
    return list(Generation.objects.owned_by(signed_in(request)).filter(pk__in=ids).order_by("-created_at", "position"))


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
