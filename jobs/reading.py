"""How are jobs read with all that describing them needs? In as few questions to the database as can be.

A picture of a generation is asked for together with its generation and its job, and files and conversions only where
there are some. What is found is kept as Django's own prefetching keeps it, for ``describe``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, QuerySet, prefetch_related_objects

from jobs.models import Artifact, Conversion, Generation, GenerationInput, Job

PARTS = ("inputs", "artifacts", "conversions")
ASKED_FOR = {"artifacts": Artifact, "conversions": Conversion}


def read_job(jobs: QuerySet[Job]) -> Job | None:
    """The job that these rows hold at most, with its parts; None when there is none."""
    inputs = list(_list_inputs(jobs).select_related("generation__job"))
    job = inputs[0].generation.job if inputs else jobs.first()
    if job is not None:
        _keep_parts([job], inputs)
    return job


def read_parts(jobs: Sequence[Job]) -> None:
    """The parts of jobs that were read already."""
    if jobs:
        _keep_parts(jobs, list(_list_inputs(job.pk for job in jobs).select_related("generation")))


def _list_inputs(jobs: QuerySet[Job] | Iterable[UUID]) -> QuerySet[GenerationInput]:
    """With the answer to whether there is more to be asked about their generations."""
    questions = {
        name: Exists(table._default_manager.filter(generation=OuterRef("generation")))
        for name, table in ASKED_FOR.items()
    }
    rows = GenerationInput.objects.filter(generation__job__in=jobs).annotate(
        **{f"has_{name}": question for name, question in questions.items()}
    )
    return rows.order_by("generation__job", "generation__position", "id")


def _keep_parts(jobs: Sequence[Job], inputs: Sequence[Any]) -> None:
    """A job of which a generation has no picture is read anew, in the usual way."""
    generations = _keep_inputs(jobs, inputs)
    incomplete = [job for job in jobs if len(generations[job.pk]) != job.total]
    for job in jobs:
        _keep(job, "generations", generations[job.pk])
    for name in ASKED_FOR:
        _keep_or_read(name, inputs)
    for job in incomplete:
        vars(job).pop("_prefetched_objects_cache", None)
    prefetch_related_objects(incomplete, *(f"generations__{part}" for part in PARTS))


def _keep_inputs(jobs: Sequence[Job], inputs: Sequence[GenerationInput]) -> dict[UUID, list[Generation]]:
    """The generations of each job, in their order, with their pictures."""
    by_id = {job.pk: job for job in jobs}
    pictures: dict[UUID, list[GenerationInput]] = {}
    found: dict[UUID, list[Generation]] = {pk: [] for pk in by_id}
    for entry in inputs:
        if entry.generation_id not in pictures:
            entry.generation.job = by_id[entry.generation.job_id]
            found[entry.generation.job_id].append(entry.generation)
        pictures.setdefault(entry.generation_id, []).append(entry)
    for generation in (generation for generations in found.values() for generation in generations):
        _keep(generation, "inputs", pictures[generation.pk])
    return found


def _keep_or_read(name: str, inputs: Sequence[Any]) -> None:
    """Asks only for the generations that have some."""
    asked = [entry.generation for entry in inputs if getattr(entry, f"has_{name}")]
    for entry in inputs:
        if not getattr(entry, f"has_{name}"):
            _keep(entry.generation, name, [])
    prefetch_related_objects(asked, name)


def _keep(owner: Model, name: str, rows: list[Any]) -> None:
    found: Any = getattr(owner, name).all()
    found._result_cache, found._prefetch_done = rows, True
    vars(owner).setdefault("_prefetched_objects_cache", {})[name] = found
