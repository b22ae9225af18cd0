"""How did a generation end? One line in the log and one count in the metrics, whoever ended it."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from image2model.ops import meters, tracing
from jobs.models import Attempt, Generation

logger = logging.getLogger("image2model.generations")


def note_end(sender: object, *, pk: UUID, **_: Any) -> None:
    """Receives ``generation_ended``."""
    generation = Generation.objects.select_related("job").filter(pk=pk).first()
    if generation is None or generation.finished_at is None:  # deleted, or asked for again, meanwhile
        return
    began = generation.started_at
    seconds = max(0.0, (generation.finished_at - began).total_seconds()) if began else None
    overhead = None if seconds is None else max(0.0, seconds - measure_provider(generation))
    meters.note_generation(engine=generation.engine, status=generation.status, seconds=seconds, overhead=overhead)
    facts = {
        "request_id": generation.job.request_id,
        "job_id": str(generation.job_id),
        "generation_id": str(pk),
        "engine": generation.engine,
        "attempt": generation.attempt,
        "seconds": seconds,
        "error_code": generation.error_code or None,
    }
    with tracing.trace("generation ended", request_id=generation.job.request_id, status=generation.status,
                       generation_id=str(pk), error_code=generation.error_code or None):  # fmt: skip
        _tell(generation, facts)


def measure_provider(generation: Generation) -> float:
    """Seconds that a provider took, from the sending to its word that it is over; none for an engine of ours."""
    attempt = Attempt.objects.filter(generation=generation, number=generation.attempt).exclude(sent_at=None).first()
    if attempt is None or attempt.sent_at is None or generation.finished_at is None:
        return 0.0
    return max(0.0, ((attempt.ready_at or generation.finished_at) - attempt.sent_at).total_seconds())


def _tell(generation: Generation, facts: dict[str, Any]) -> None:
    logger.info("Generation %s of %s %s.", generation.pk, generation.engine, generation.status, extra={"facts": facts})
