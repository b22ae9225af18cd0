"""Whose is it? Every look-up of a page includes the owner, so a stranger gets 404; refusals become messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.models import User
from jobs.errors import JobError
from jobs.models import Generation, Job


def signed_in(request: HttpRequest) -> User:
    """The visitor of a page that only signed-in people reach."""
    return cast(User, request.user)


def find_job(request: HttpRequest, job_id: UUID) -> Job:
    return get_object_or_404(Job.objects.owned_by(signed_in(request)), pk=job_id)


def find_generation(request: HttpRequest, generation_id: UUID) -> Generation:
    owned = Generation.objects.owned_by(signed_in(request)).select_related("job")
    return get_object_or_404(owned, pk=generation_id)


def act(request: HttpRequest, verb: Callable[[], object], *, done: str, place: str) -> HttpResponse:
    """Do it, say what came of it, and go to where the result can be seen."""
    try:
        verb()
    except JobError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        if done:
            messages.success(request, done)
    return redirect(place)
