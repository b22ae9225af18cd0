"""How far is a job, and what can be done with it? The job page and its actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import catalog, progress, reasons
from jobs.describe import foresee_removal
from jobs.models import Generation, Job
from jobs.services import cancel_job, delete_job, is_expired, retry_job
from jobs.services.fal.fallback import switch_job_to_local
from jobs.states import Status
from jobs.views.access import act, find_job, signed_in
from jobs.views.cards import build_cards, with_pictures
from jobs.views.costs import say_cost
from jobs.views.snippets import describe_upload


@login_required
@require_safe
def show_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Every picture of the job, true at this moment; job.js follows the rest."""
    job = Job.objects.owned_by(signed_in(request)).filter(pk=job_id).first()
    if job is None:
        return _answer_missing(request, job_id)
    generations = list(with_pictures(job.generations.order_by("position")))
    outlook = progress.foresee(generations)
    context = {
        "job": job,
        "engine": catalog.ENGINES.get(job.engine),
        "cards": build_cards(generations, outlook=outlook),
        "seconds": outlook.job_seconds if job.is_active else None,
        "cost": say_cost(generations),
        "removal": foresee_removal(job),
        "wait": _explain_wait(generations, outlook=outlook),
        "switchable": sum(reasons.may_switch(generation) for generation in generations),
        "over": job.completed + job.failed + job.cancelled,
        "again": job.failed + job.cancelled,
        "upload": describe_upload(job, generations),
        "site": settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/"),
        "page_data": _describe_live(job),
    }
    return render(request, "jobs/job.html", context)


def _answer_missing(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """What the retention removed is told from what never was, to whom it belonged."""
    if not is_expired(signed_in(request), job_id=job_id):
        raise Http404
    return render(request, "410.html", {"days": settings.RETENTION_DAYS}, status=410)


def _explain_wait(generations: Sequence[Generation], *, outlook: progress.Outlook) -> str:
    """Why the rest of it cannot run yet, said once for all of its pictures; nothing where it only waits its turn."""
    stuck = [row for row in generations if row.status == Status.QUEUED and reasons.is_stuck(row)]
    return outlook.hints.get(stuck[0].pk, "") if stuck else ""


def _describe_live(job: Job) -> dict[str, Any]:
    """What job.js needs: where the frames come from, which one the page already shows, and the words."""
    return {
        "job": str(job.pk),
        "version": job.version,
        "active": job.is_active,
        "stages": reasons.STAGE_WORDS,
        "reasons": reasons.WAITING_WORDS,
        "name": job.name,
    }


@login_required
@require_POST
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = find_job(request, job_id)
    return act(
        request,
        lambda: cancel_job(job, actor=str(signed_in(request))),
        done="Cancelled. What was finished stays.",
        place=reverse("job", args=[job_id]),
    )


@login_required
@require_POST
def retry(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = find_job(request, job_id)
    return act(
        request,
        lambda: retry_job(job, actor=str(signed_in(request))),
        done="Running again.",
        place=reverse("job", args=[job_id]),
    )


@login_required
@require_POST
def switch(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The local engine makes what waits for FAL."""
    job = find_job(request, job_id)
    return act(
        request,
        lambda: switch_job_to_local(job, actor=str(signed_in(request))),
        done="What waited goes on with the local engine.",
        place=reverse("job", args=[job_id]),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Asked first, also without a script."""
    job = find_job(request, job_id)
    if request.method != "POST":
        return render(request, "jobs/confirm_job.html", {"job": job})
    return act(
        request,
        lambda: delete_job(job, actor=str(signed_in(request))),
        done="The job, its models and its pictures are gone.",
        place=f"{reverse('library')}?tab=jobs",
    )
