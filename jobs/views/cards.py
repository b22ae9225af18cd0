"""How is a generation shown in a list? The same words as in a live frame, with its pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from jobs import catalog, progress, reasons
from jobs.models import Artifact, Generation, GenerationInput, SourceImage
from jobs.models.generations import GenerationQuerySet
from jobs.states import Status
from jobs.templatetags.wording import say_place, say_seconds


@dataclass(frozen=True, kw_only=True)
class Card:
    """A generation with what a list shows of it."""

    generation: Generation
    filename: str
    image: SourceImage | None
    side_count: int
    preview: Artifact | None
    model: Artifact | None
    raw: Artifact | None  # a result that is no GLB, kept as it came
    words: str
    hint: str = ""
    may_switch: bool = False  # to the local engine
    needs_changes: bool = False  # the same again would fail in the same way
    position: int | None = None
    seconds: int | None = None

    @property
    def made_as(self) -> str:
        """The format of a result that cannot be turned here; empty for a GLB. Known before it is there."""
        if self.raw is not None and self.model is None:
            return self.raw.format.upper()
        engine = catalog.ENGINES.get(self.generation.engine)
        made = catalog.find_result_format(engine, options=self.generation.options) if engine else "glb"
        return "" if made == "glb" or self.model is not None else made.upper()

    @property
    def time(self) -> str:
        """Its place, how far it is, what is left: as far as they are known."""
        if not self.generation.is_active:
            return ""
        percent = f"{self.generation.progress} %" if self.generation.status == Status.PROCESSING else ""
        return " · ".join(filter(None, (say_place(self.position), percent, say_seconds(self.seconds))))


def with_pictures(generations: GenerationQuerySet) -> GenerationQuerySet:
    """Two more queries, however many generations there are."""
    shown = Artifact.objects.filter(role__in=[Artifact.Role.PREVIEW, Artifact.Role.MODEL, Artifact.Role.RAW])
    return generations.prefetch_related(
        Prefetch("inputs", GenerationInput.objects.select_related("image").order_by("id")),
        Prefetch("artifacts", shown.order_by("created_at")),
    )


def build_cards(generations: Iterable[Generation], *, outlook: progress.Outlook | None = None) -> list[Card]:
    outlook = outlook or progress.Outlook()
    return [build_card(generation, outlook=outlook) for generation in generations]


def build_card(generation: Generation, *, outlook: progress.Outlook) -> Card:
    inputs = list(generation.inputs.all())
    front = next((entry for entry in inputs if entry.view == "front"), inputs[0] if inputs else None)
    artifacts = list(generation.artifacts.all())
    return Card(
        generation=generation,
        filename=front.filename if front else generation.name,
        image=front.image if front else None,
        side_count=len(inputs),
        preview=_find(artifacts, role=Artifact.Role.PREVIEW),
        model=_find(artifacts, role=Artifact.Role.MODEL, format="glb"),
        raw=_find(artifacts, role=Artifact.Role.RAW),
        words=progress.describe_generation(generation),
        hint=generation.error_hint or _find_hint(generation, outlook=outlook),
        may_switch=reasons.may_switch(generation),
        needs_changes=reasons.needs_changes(generation),
        position=outlook.positions.get(generation.pk),
        seconds=outlook.seconds.get(generation.pk),
    )


def _find_hint(generation: Generation, *, outlook: progress.Outlook) -> str:
    """Why the waiting ones wait is said once, above all of them."""
    return "" if generation.status == Status.QUEUED else outlook.hints.get(generation.pk, "")


def _find(artifacts: list[Artifact], *, role: str, format: str = "") -> Artifact | None:
    matching = (a for a in artifacts if a.role == role and (not format or a.format == format))
    return next(matching, None)
