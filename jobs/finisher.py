"""What is made of a model that a provider has delivered? Measures, preview and formats; then it is done."""

from __future__ import annotations

import logging

from django.core.files.storage import default_storage

from image2model.ops.trail import follow
from jobs import queue
from jobs.confined.models import Workshop
from jobs.failpoints import failpoint
from jobs.meshes.errors import MeshError
from jobs.models import Artifact, Attempt
from jobs.services.fal import finishing
from jobs.services.runs import AttemptLost, NewArtifact
from jobs.shortage import is_shortage
from jobs.slices import repeat_for_a_slice
from jobs.storing import convert_and_store, store

logger = logging.getLogger(__name__)

NOT_SHOWN = "preview_failed"


def drain() -> int:
    """Finish collected models until none is left or the slice is over; how many."""
    return repeat_for_a_slice(_finish_next, queue_name=queue.POST)


def _finish_next() -> bool:
    attempt = finishing.claim_finishing()
    if attempt is None:
        return False
    if finishing.waiting_to_be_finished().exists() and not queue.has_bell(queue.POST):
        queue.ring(queue.POST)
    finish(attempt)
    return True


def finish(attempt: Attempt) -> None:
    """One collected model to its end. What cannot be made of it is a warning: the model itself is paid for."""
    generation = attempt.generation
    request_id = generation.job.request_id
    with follow("finish", request_id=request_id, job_id=generation.job_id, generation_id=generation.pk):
        _finish(attempt)


def _finish(attempt: Attempt) -> None:
    failpoint("finish.after_claim")
    try:
        model = attempt.generation.artifacts.get(role=Artifact.Role.MODEL, format="glb")
        if finishing.is_given_up(attempt):
            finishing.complete_finishing(attempt, artifacts=[], warnings=[NOT_SHOWN])
            return
        warnings: list[str] = []
        with default_storage.open(model.path) as file:
            workshop = Workshop(file, is_crowded=finishing.is_crowded())
            artifacts = [*_draw(attempt, model, workshop, warnings), *_convert(attempt, model, workshop, warnings)]
        failpoint("finish.before_complete")
        finishing.complete_finishing(attempt, artifacts=artifacts, warnings=warnings, model=model)
    except AttemptLost:
        logger.info("Generation %s is not waited for any more.", attempt.generation_id)
    except OSError as error:
        if is_shortage(error):
            finishing.put_off(attempt)
        raise


def _draw(attempt: Attempt, model: Artifact, workshop: Workshop, warnings: list[str]) -> list[NewArtifact]:
    """Measures and preview. A model that we may deliver but cannot read has neither."""
    try:
        facts = workshop.measure()
        model.faces, model.vertices = facts.faces, facts.vertices
        model.watertight, model.bounds = facts.watertight, facts.bounds
        preview = store(attempt.generation, role="preview", format_id="webp", data=workshop.draw())
    except MeshError as error:
        warnings.append(f"{error.code}:preview")
        return []
    failpoint("finish.after_preview")
    return [preview]


def _convert(attempt: Attempt, model: Artifact, workshop: Workshop, warnings: list[str]) -> list[NewArtifact]:
    made = []
    for format_id in attempt.generation.job.formats:
        try:
            made.append(convert_and_store(workshop, attempt.generation, format_id=format_id, source=model))
        except MeshError as error:
            warnings.append(f"{error.code}:{format_id}")
    return made
