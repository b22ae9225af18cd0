"""How does a worker turn one generation into stored files? Claim, generate, picture, convert, store, complete."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from importlib import import_module
from typing import cast

from django.core.files.storage import default_storage
from django.db import DatabaseError
from django.db.utils import InterfaceError
from rq.timeouts import JobTimeoutException

from image2model.ops.trail import follow
from jobs import catalog, meshes, previews, queue
from jobs.confined import pictures
from jobs.engines.base import Engine, EngineError, EngineRequest, EngineResult
from jobs.failpoints import failpoint
from jobs.models import Artifact, Attempt, Generation
from jobs.services import runs
from jobs.services.runs import AttemptLost, Failure, NewArtifact
from jobs.shortage import PAUSE_SECONDS, is_shortage
from jobs.slices import repeat_for_a_slice
from jobs.states import Stage
from jobs.storing import store

logger = logging.getLogger(__name__)

REPORT_SECONDS = 0.5  # at most two live frames a second for each generation
ENGINE_SHARE = 0.85  # of the progress: the rest is preview and formats


def drain(queue_name: str, *, worker: str) -> int:
    """Run waiting generations of this queue until none is left or the slice is over; how many."""
    return repeat_for_a_slice(lambda: _run_next(queue_name, worker=worker), queue_name=queue_name)


def _run_next(queue_name: str, *, worker: str) -> bool:
    generation = runs.claim_next(queue_name, worker=worker)
    if generation is None:
        return False
    if runs.is_waiting(queue_name) and not queue.has_bell(queue_name):
        queue.ring(queue_name)
    run_generation(generation)
    return True


def run_generation(generation: Generation) -> None:
    """One claimed generation to its end. Whatever goes wrong ends in its row, with a reason."""
    request_id = generation.job.request_id
    with follow("generate", request_id=request_id, job_id=generation.job_id, generation_id=generation.pk):
        _run_to_its_end(generation)


def _run_to_its_end(generation: Generation) -> None:
    try:
        _run(generation)
    except AttemptLost:
        logger.info("Generation %s was taken from this worker.", generation.pk)
        runs.discard_attempt_files(generation)
    except EngineError as error:
        runs.fail_generation(generation, failure=_describe(error))
    except JobTimeoutException:
        runs.fail_generation(generation, failure=_TIMEOUT)
        raise
    except (DatabaseError, InterfaceError):
        raise  # nothing can be noted now; the lease runs out and the sweep hands it back
    except OSError as error:
        if is_shortage(error):
            runs.hand_back(generation, reason=f"the worker ran short: {error}", outcome=Attempt.Outcome.FAILED)
            time.sleep(PAUSE_SECONDS)
        raise
    except Exception:
        runs.fail_generation(generation, failure=_BUG)
        raise  # RQ's list of failed jobs holds bugs


_TIMEOUT = Failure(code="timeout", message="The model took too long.", hint="Ask for fewer faces.", retryable=True)
_BUG = Failure(
    code="worker_crashed",
    message="Something went wrong inside the product while making this model.",
    hint="Try again; the administrator finds the reason in the worker's log.",
    retryable=True,
)


def _describe(error: EngineError) -> Failure:
    return Failure(code=error.code, message=error.message, hint=error.hint, retryable=error.retryable)


def _run(generation: Generation) -> None:
    failpoint("worker.after_claim")
    reporter = Reporter(generation)
    request = EngineRequest(pictures=_load_pictures(generation), options=generation.options)
    result = load_engine(generation.engine).generate(request, reporter)
    reporter.say(Stage.POSTPROCESSING, round(100 * ENGINE_SHARE))
    artifacts = list(_store_result(generation, result))
    warnings = list(result.warnings)
    for done, format_id in enumerate(generation.job.formats, start=1):
        reporter.say(Stage.POSTPROCESSING, min(99, 90 + 2 * done))
        try:
            artifacts.append(make_format(generation, result.model, format_id=format_id, source=artifacts[0]))
        except meshes.MeshError as error:
            warnings.append(f"{error.code}:{format_id}")
    failpoint("worker.before_complete")
    runs.complete_generation(generation, artifacts=artifacts, warnings=warnings, facts=dict(result.facts))


def load_engine(engine_id: str) -> Engine:
    """The engine's class by its dotted path, imported on first use."""
    module, _, name = catalog.ENGINES[engine_id].endpoint.rpartition(".")
    return cast(Engine, getattr(import_module(module), name)())


def _load_pictures(generation: Generation) -> dict[str, bytes]:
    """The stored pictures by view, upright and without metadata."""
    inputs = generation.inputs.select_related("image")
    return {entry.view: _normalise(entry.image.path) for entry in inputs}


def _normalise(path: str) -> bytes:
    with default_storage.open(path) as file:
        return pictures.normalise(file).data


class Reporter:
    """What an engine reports to: writes at most twice a second, and stops a run that has no say any more."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._stage: Stage | None = None
        self._next = 0.0

    def __call__(self, stage: str, percent: int) -> None:
        self.say(Stage(stage), round(percent * ENGINE_SHARE))

    def say(self, stage: Stage, percent: int) -> None:
        if stage == self._stage and time.monotonic() < self._next:
            return
        self._stage, self._next = stage, time.monotonic() + REPORT_SECONDS
        runs.record_progress(self._generation, stage=stage, percent=min(99, percent))


def _store_result(generation: Generation, result: EngineResult) -> Iterator[NewArtifact]:
    """Model first, then preview, then mask."""
    facts = meshes.measure_mesh(result.model)
    yield store(generation, role="model", format_id="glb", data=result.model, facts=facts)
    yield store(generation, role="preview", format_id="webp", data=previews.render_preview(result.model))
    if result.mask is not None:
        yield store(generation, role="mask", format_id="png", data=result.mask)


def make_format(generation: Generation, model: bytes, *, format_id: str, source: NewArtifact | Artifact) -> NewArtifact:
    """A format that was asked for at once, beside the GLB it is made of."""
    data = meshes.convert_glb(model, format=format_id, name=generation.name)
    facts = meshes.MeshFacts(
        faces=source.faces or 0,
        vertices=source.vertices or 0,
        watertight=source.watertight,
        bounds=source.bounds,
    )
    return store(generation, role="model", format_id=format_id, data=data, facts=facts)
