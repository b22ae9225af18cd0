"""What is made of a model that a provider has delivered? Measures, preview and formats; then it is done."""

from __future__ import annotations

import logging
import time

from image2model.ops.trail import follow
from jobs import files, meshes, previews, queue
from jobs.failpoints import failpoint
from jobs.models import Artifact, Attempt
from jobs.runner import SLICE_SECONDS, make_format, store
from jobs.services.fal import finishing
from jobs.services.runs import AttemptLost, NewArtifact

logger = logging.getLogger(__name__)

NOT_SHOWN = "preview_failed"


def drain() -> int:
    """Finish collected models until none is left or the slice is over; how many."""
    done, end = 0, time.monotonic() + SLICE_SECONDS
    while time.monotonic() < end:
        attempt = finishing.claim_finishing()
        if attempt is None:
            return done
        if finishing.waiting_to_be_finished().exists() and not queue.has_bell(queue.POST):
            queue.ring(queue.POST)
        finish(attempt)
        done += 1
    queue.ring(queue.POST)
    return done


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
        data = files.read_file(model.path)
        warnings: list[str] = []
        artifacts = [*_draw(attempt, model, data, warnings), *_convert(attempt, model, data, warnings)]
        failpoint("finish.before_complete")
        finishing.complete_finishing(attempt, artifacts=artifacts, warnings=warnings, model=model)
    except AttemptLost:
        logger.info("Generation %s is not waited for any more.", attempt.generation_id)


def _draw(attempt: Attempt, model: Artifact, data: bytes, warnings: list[str]) -> list[NewArtifact]:
    """Measures and preview. A model that we may deliver but cannot read has neither."""
    try:
        facts = meshes.measure_mesh(data)
        model.faces, model.vertices = facts.faces, facts.vertices
        model.watertight, model.bounds = facts.watertight, facts.bounds
        preview = store(attempt.generation, role="preview", format_id="webp", data=previews.render_preview(data))
    except meshes.MeshError as error:
        warnings.append(f"{error.code}:preview")
        return []
    failpoint("finish.after_preview")
    return [preview]


def _convert(attempt: Attempt, model: Artifact, data: bytes, warnings: list[str]) -> list[NewArtifact]:
    made = []
    for format_id in attempt.generation.job.formats:
        try:
            made.append(make_format(attempt.generation, data, format_id=format_id, source=model))
        except meshes.MeshError as error:
            warnings.append(f"{error.code}:{format_id}")
    return made
