"""What came of one picture? The page of a model, its formats, and its actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import catalog, progress, reasons
from jobs.describe import foresee_removal
from jobs.models import Artifact, Conversion, Generation, GenerationInput
from jobs.services import cancel_generation, delete_generation, request_formats, retry_generation
from jobs.services.fal.fallback import switch_to_local
from jobs.states import ACTIVE, Status
from jobs.views.access import act, find_generation, signed_in
from jobs.views.costs import say_cost
from jobs.views.facts import build_facts
from jobs.views.forms import DEFAULT_EDGE_MM, FormatForm
from jobs.views.warnings import explain_warnings


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A format of a finished model: stored, being made, failed, or to be had."""

    entry: catalog.Format
    artifact: Artifact | None
    conversion: Conversion | None
    edge_mm: float = DEFAULT_EDGE_MM

    @property
    def is_pending(self) -> bool:
        return self.conversion is not None and self.conversion.status in ACTIVE

    @property
    def problem(self) -> str:
        failed = self.conversion is not None and self.conversion.status == Status.FAILED
        return self.conversion.error_message if self.conversion and failed else ""


@login_required
@require_safe
def show_generation(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    """The model, turned by hand, beside the picture it was made from."""
    generation = find_generation(request, generation_id)
    artifacts = list(generation.artifacts.all())
    inputs = list(GenerationInput.objects.filter(generation=generation).select_related("image").order_by("id"))
    model = _find(artifacts, role=Artifact.Role.MODEL, format="glb")
    context = {
        "generation": generation,
        "job": generation.job,
        "engine": catalog.ENGINES.get(generation.engine),
        "inputs": inputs,
        "front": next((entry for entry in inputs if entry.view == "front"), None),
        "model": model,
        "usdz": _find(artifacts, role=Artifact.Role.MODEL, format="usdz"),
        "preview": _find(artifacts, role=Artifact.Role.PREVIEW),
        "mask": _find(artifacts, role=Artifact.Role.MASK),
        "warnings": explain_warnings(generation.warnings),
        "facts": build_facts(generation, model) if model else [],
        "words": progress.describe_generation(generation),
        "outlook": _read_outlook(generation),
        "needs_changes": reasons.needs_changes(generation),
        "raw_files": [_describe_raw(a) for a in artifacts if a.role == Artifact.Role.RAW],
        "cost": say_cost([generation]),
        "removal": foresee_removal(generation.job),
        "page_data": _describe_live(generation),
        **_find_neighbours(generation),
        **_list_offers(generation, artifacts),
    }
    return render(request, "jobs/generation.html", context)


def _find(artifacts: list[Artifact], *, role: str, format: str = "") -> Artifact | None:
    return next((a for a in artifacts if a.role == role and (not format or a.format == format)), None)


def _read_outlook(generation: Generation) -> dict[str, Any]:
    """What is to come for it, where it is not over; and what a cancelled one may still cost."""
    outlook = progress.foresee([generation])
    return {
        "hint": outlook.hints.get(generation.pk, ""),
        "position": outlook.positions.get(generation.pk),
        "seconds": outlook.seconds.get(generation.pk),
        "may_switch": reasons.may_switch(generation),
    }


RAW_ABOUT = {
    "fbx": "As the engine made it, with quads. Opens in Blender, Maya and game engines.",
    "zip": "As the engine packed it: the model with its parts.",
    "obj": "As the engine made it. Opens in all 3D programs.",
    "splat": "As the engine made it: points instead of faces.",
}


def _describe_raw(artifact: Artifact) -> dict[str, Any]:
    """A result that is kept as it came."""
    return {"artifact": artifact, "about": RAW_ABOUT.get(artifact.format, "As the engine made it.")}


def _describe_live(generation: Generation) -> dict[str, Any]:
    return {
        "job": str(generation.job_id),
        "generation": str(generation.pk),
        "version": generation.job.version,
        "active": generation.is_active,
        "stages": reasons.STAGE_WORDS,
        "reasons": reasons.WAITING_WORDS,
    }


def _find_neighbours(generation: Generation) -> dict[str, Any]:
    """The one before and the one after it in its job."""
    siblings = list(Generation.objects.filter(job=generation.job_id).order_by("position").values_list("pk", "name"))
    place = next(index for index, (pk, _) in enumerate(siblings) if pk == generation.pk)
    return {
        "place": place + 1,
        "siblings": len(siblings),
        "previous": siblings[place - 1] if place > 0 else None,
        "next": siblings[place + 1] if place + 1 < len(siblings) else None,
    }


def _list_offers(generation: Generation, artifacts: list[Artifact]) -> dict[str, Any]:
    """Each format of the engine with what is there of it."""
    engine = catalog.ENGINES.get(generation.engine)
    stored = {a.format: a for a in artifacts if a.role == Artifact.Role.MODEL}
    asked = {c.format: c for c in Conversion.objects.filter(generation=generation).order_by("created_at")}
    names = [name for name in catalog.FORMATS if name in stored or engine is None or name in engine.formats]
    offers = [_build_offer(name, artifact=stored.get(name), conversion=asked.get(name)) for name in names]
    return {"offers": offers, "is_pending": any(offer.is_pending for offer in offers)}


def _build_offer(name: str, *, artifact: Artifact | None, conversion: Conversion | None) -> Offer:
    edge = artifact.options.get("longest_edge_mm", DEFAULT_EDGE_MM) if artifact else DEFAULT_EDGE_MM
    return Offer(entry=catalog.FORMATS[name], artifact=artifact, conversion=conversion, edge_mm=edge)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def formats(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    """Ask for a format; or, for the page's own script, the list of downloads as it is now."""
    generation = find_generation(request, generation_id)
    if request.method == "POST":
        return _request_format(request, generation)
    context = {"generation": generation, **_list_offers(generation, list(generation.artifacts.all()))}
    return render(request, "jobs/parts/downloads.html", context)


def _request_format(request: HttpRequest, generation: Generation) -> HttpResponse:
    form = FormatForm(request.POST)
    place = reverse("generation", args=[generation.pk]) + "#downloads"
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(place)
    wanted = form.cleaned_data["format"]
    return act(
        request,
        lambda: request_formats(generation, formats=[wanted], options=form.build_options()),
        done="",
        place=place,
    )


@login_required
@require_POST
def cancel(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    generation = find_generation(request, generation_id)
    return act(
        request,
        lambda: cancel_generation(generation, actor=str(signed_in(request))),
        done="Cancelled.",
        place=_place_in_job(generation),
    )


@login_required
@require_POST
def switch(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    """The local engine makes it instead of waiting for FAL."""
    generation = find_generation(request, generation_id)
    return act(
        request,
        lambda: switch_to_local(generation, actor=str(signed_in(request))),
        done="It goes on with the local engine.",
        place=_place_in_job(generation),
    )


@login_required
@require_POST
def retry(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    generation = find_generation(request, generation_id)
    return act(
        request,
        lambda: retry_generation(generation, actor=str(signed_in(request))),
        done="Running again.",
        place=_place_in_job(generation),
    )


def _place_in_job(generation: Generation) -> str:
    return f"{reverse('job', args=[generation.job_id])}#g-{generation.pk}"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    """Asked first, also without a script."""
    generation = find_generation(request, generation_id)
    if request.method != "POST":
        return render(request, "jobs/confirm_generations.html", {"generations": [generation], "single": generation})
    return act(
        request,
        lambda: delete_generation(generation, actor=str(signed_in(request))),
        done="The model is gone.",
        place=reverse("library"),
    )
