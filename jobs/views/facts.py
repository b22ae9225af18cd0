"""What is a model, in numbers? The facts strip of its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma

from jobs import catalog
from jobs.models import Artifact, Generation
from jobs.templatetags.wording import say_size
from jobs.views.costs import say_cost
from jobs.views.forms import DEFAULT_EDGE_MM


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One name and value; ``hint`` explains the value to those who ask."""

    name: str
    value: str
    hint: str = ""


def build_facts(generation: Generation, model: Artifact) -> list[Fact]:
    """What is not known is left out, never guessed."""
    return [*_describe_shape(model), *_describe_size(model.bounds), *_describe_making(generation, model)]


def _describe_shape(model: Artifact) -> Iterator[Fact]:
    if model.faces is not None:
        yield Fact(name="Faces", value=intcomma(model.faces))
    if model.vertices is not None:
        yield Fact(name="Vertices", value=intcomma(model.vertices))
    if model.watertight is not None:
        closed = "Yes" if model.watertight else "No"
        yield Fact(name="Watertight", value=closed, hint="A closed surface can be printed as it is.")


def _describe_size(bounds: dict[str, list[float]] | None) -> Iterator[Fact]:
    """As modelled, and as printed when the longest edge is the usual one."""
    size = (bounds or {}).get("size")
    if not size or max(size) <= 0:
        return
    printed = [edge * DEFAULT_EDGE_MM / max(size) for edge in size]
    yield Fact(name="Size", value=f"{_times(size, digits=2)} m", hint="Width × height × depth")
    yield Fact(name="In print", value=f"{_times(printed, digits=0)} mm", hint="Width × height × depth")


def _times(edges: Sequence[float], *, digits: int) -> str:
    return " × ".join(f"{edge:.{digits}f}" for edge in edges)


def _describe_making(generation: Generation, model: Artifact) -> Iterator[Fact]:
    engine = catalog.ENGINES.get(generation.engine)
    yield Fact(name="File", value=say_size(model.size))
    yield Fact(name="Engine", value=engine.name if engine else generation.engine)
    if texture := generation.options.get("texture"):
        yield Fact(
            name="Texture", value={"standard": "Standard", "hd": "HD", "none": "None"}.get(texture, str(texture))
        )
    if generation.started_at and generation.finished_at:
        seconds = (generation.finished_at - generation.started_at).total_seconds()
        attempt = "" if generation.attempt <= 1 else f", attempt {generation.attempt}"
        yield Fact(name="Made in", value=f"{seconds:.1f} s{attempt}")
    if cost := say_cost([generation]):
        yield Fact(name="Cost", value=cost)
