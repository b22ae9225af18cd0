"""How does a person hand in pictures? The upload page, and the same form for running stored pictures again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect

from image2model.answers import build_error, list_refusal_headers, render_too_many
from jobs import catalog
from jobs.errors import JobError
from jobs.images import MAX_PIXELS, MAX_SIDE, MIN_SIDE
from jobs.models import Generation, GenerationInput, Job
from jobs.services import (
    Idempotency,
    Item,
    StoredImage,
    Submission,
    Upload,
    Wishes,
    count_upload,
    fingerprint,
    fingerprint_uploads,
    offered_engines,
    submit_job,
    submit_uploads,
)
from jobs.views.access import find_generation, find_job, signed_in
from jobs.views.engines import KINDS, build_cards, describe_engines, group_cards
from jobs.views.forms import COMMON, PRESETS, TEXTURES, OptionsForm, list_own_options, name_of_field, write_value
from jobs.views.reading import read_sent_form, takes_forms

JSON_TYPE = "application/json"


@takes_forms
def upload(request: HttpRequest) -> HttpResponse:
    """Pictures from the visitor's machine."""
    return _answer(request, again=[], initial=_read_address(request))


def _read_address(request: HttpRequest) -> dict[str, Any]:
    """``?engine=`` opens the form with another engine chosen."""
    engine = request.GET.get("engine", "")
    return {"engine": engine} if engine in {entry.id for entry in offered_engines()} else {}


@takes_forms
def run_generation_again(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    """One stored picture, or set of views, with other options."""
    generation = find_generation(request, generation_id)
    job = generation.job
    return _answer(request, again=[generation], initial=_read_wishes(generation.engine, generation.options, job))


@takes_forms
def run_job_again(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """All stored pictures of a job, with other options."""
    job = find_job(request, job_id)
    generations = list(job.generations.order_by("position"))
    return _answer(request, again=generations, initial=_read_wishes(job.engine, job.options, job))


def _read_wishes(engine_id: str, options: dict[str, Any], job: Job) -> dict[str, Any]:
    """The form as it was filled in for an earlier job."""
    engine = catalog.ENGINES.get(engine_id)
    own = [] if engine is None else [o for o in list_own_options(engine) if o.name in options]
    named = {name_of_field(engine, option): write_value(options[option.name]) for option in own} if engine else {}
    common = {name: options[name] for name in COMMON if name in options}
    kept = {"formats": job.formats, "name": job.name, "fallback_local": job.fallback == "local"}
    return {"engine": engine_id} | kept | common | named


def _answer(request: HttpRequest, *, again: Sequence[Generation], initial: dict[str, Any]) -> HttpResponse:
    engines = offered_engines()
    if request.method != "POST":
        return _show(request, OptionsForm(engines=engines, initial=initial), again=again)
    form = OptionsForm(initial=initial, engines=engines)
    try:
        read_sent_form(request)
        return _take(request, OptionsForm(request.POST, engines=engines), again=again)
    except JobError as error:
        return _refuse(request, form, error=error, again=again)


@csrf_protect
def _take(request: HttpRequest, form: OptionsForm, *, again: Sequence[Generation]) -> HttpResponse:
    """What was filled in, as it was read."""
    try:
        count_upload(signed_in(request))
        submission = _submit(request, form, again=again)
    except JobError as error:
        return _refuse(request, form, error=error, again=again)
    place = reverse("job", args=[submission.job.pk])
    return JsonResponse({"url": place}, status=201) if _wants_json(request) else redirect(place)


def _submit(request: HttpRequest, form: OptionsForm, *, again: Sequence[Generation]) -> Submission:
    """Everything that can be wrong with the words is checked before a picture is stored."""
    if not form.is_valid():
        raise _refuse_form(form)
    wishes = form.build_wishes()
    if again:
        items = _read_stored(again)
        asked = _fingerprint(items, wishes)
        key = _build_key(form, asked)
        known = Idempotency(key=key, fingerprint=asked) if key else None
        return submit_job(signed_in(request), items=items, wishes=wishes, idempotency=known)
    uploads = _read_uploads(request)
    views = form.list_views(count=len(uploads)) if len(uploads) <= settings.MAX_FILES else []
    key = _build_key(form, fingerprint_uploads(uploads, wishes=wishes, views=views))
    return submit_uploads(signed_in(request), uploads=uploads, wishes=wishes, views=views, key=key)


def _build_key(form: OptionsForm, asked: str) -> str:
    """A second press of the button asks for exactly the same; changed pictures or options are a new request."""
    token = form.cleaned_data["token"]
    return f"page-{token}-{asked[:32]}" if token else ""


def _read_uploads(request: HttpRequest) -> list[Upload]:
    """A file under another name is none that we know."""
    if unknown := sorted(set(request.FILES) - {"files"}):
        raise JobError("unknown_parameter", f"There is no field {unknown[0][:80]!r} here.")
    return cast(list[Upload], request.FILES.getlist("files"))


def _read_stored(generations: Sequence[Generation]) -> list[Item]:
    rows = GenerationInput.objects.filter(generation__in=generations).select_related("image")
    views: dict[UUID, dict[str, StoredImage]] = {generation.pk: {} for generation in generations}
    for row in rows:
        views[row.generation_id][row.view] = StoredImage(image=row.image, filename=row.filename)
    return [Item(views=entry) for entry in views.values()]


def _fingerprint(items: Sequence[Item], wishes: Wishes) -> str:
    pictures = [{view: [image.filename, image.image.sha256] for view, image in item.views.items()} for item in items]
    return fingerprint("again", pictures, asdict(wishes))


def _refuse_form(form: OptionsForm) -> JobError:
    fields = {name: [str(message) for message in messages] for name, messages in form.errors.items()}
    first = next(iter(fields.values()))[0]
    return JobError("invalid_parameter", "Some options cannot be used.", hint=first, details={"fields": fields})


def _refuse(request: HttpRequest, form: OptionsForm, *, error: JobError, again: Sequence[Generation]) -> HttpResponse:
    if error.code == "rate_limited" and not _wants_json(request):
        return render_too_many(request, seconds=error.retry_after or 1, message=error.message)
    if _wants_json(request):
        envelope = build_error(error.code, error.message, error.status, hint=error.hint, details=error.details)
        response: HttpResponse = JsonResponse(envelope, status=error.status)
    else:
        response = _show(request, form, again=again, error=error, status=error.status)
    if error.retry_after:
        for name, value in list_refusal_headers(error.details, retry_after=error.retry_after).items():
            response[name] = value
    return response


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", JSON_TYPE]) == JSON_TYPE


def _show(
    request: HttpRequest,
    form: OptionsForm,
    *,
    again: Sequence[Generation],
    error: JobError | None = None,
    status: int = 200,
) -> HttpResponse:
    cards = build_cards(form)
    stored = _list_stored(again)
    context = {
        "form": form,
        "cards": cards,
        "groups": group_cards(cards),
        "kinds": KINDS,
        "chosen": next(card for card in cards if card.is_chosen),
        "others": [card for card in cards if not card.is_chosen],
        "has_paid": any(card.entry.provider != catalog.LOCAL_ENGINE.provider for card in cards),
        "formats": [catalog.FORMATS[name] for name in catalog.MADE_FORMATS],
        "presets": PRESETS,
        "stored": stored,
        "generation_count": len(again),
        "error": error,
        "textures": TEXTURES,
        "sides": catalog.VIEWS,
        "limits": _read_limits(),
        "page_data": {
            "limits": _read_limits(),
            "presets": PRESETS,
            "stored_views": _list_stored_views(stored),
            **describe_engines(cards, user=signed_in(request)),
        },
    }
    return render(request, "jobs/upload.html", context, status=status)


def _list_stored(generations: Sequence[Generation]) -> list[GenerationInput]:
    return list(
        GenerationInput.objects.filter(generation__in=generations)
        .select_related("image")
        .order_by("generation__position", "id")
    )


def _list_stored_views(stored: Sequence[GenerationInput]) -> list[list[str]]:
    """Of each model that is made again, the sides that its pictures show."""
    views: dict[UUID, list[str]] = {}
    for entry in stored:
        views.setdefault(entry.generation_id, []).append(entry.view)
    return list(views.values())


def _read_limits() -> dict[str, int]:
    """The same figures as the server's own check, for the check in the browser."""
    return {
        "files": settings.MAX_FILES,
        "bytes": settings.MAX_FILE_BYTES,
        "min_side": MIN_SIDE,
        "max_side": MAX_SIDE,
        "pixels": MAX_PIXELS,
    }
