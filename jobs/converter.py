"""How does a worker make a format that somebody asked for later? Claim, convert in a child process, store, complete."""

from __future__ import annotations

import logging

from django.core.files.storage import default_storage

from jobs import queue
from jobs.confined.models import Workshop
from jobs.failpoints import failpoint
from jobs.meshes.errors import MeshError
from jobs.models import Conversion
from jobs.services import formats
from jobs.services.runs import NewArtifact
from jobs.shortage import is_shortage
from jobs.slices import repeat_for_a_slice
from jobs.storing import convert_and_store

logger = logging.getLogger(__name__)


def drain_conversions() -> int:
    """Make asked-for formats until none is left or the slice is over; how many."""
    return repeat_for_a_slice(_convert_next, queue_name=queue.POST)


def _convert_next() -> bool:
    conversion = formats.claim_conversion()
    if conversion is None:
        return False
    run_conversion(conversion)
    return True


def run_conversion(conversion: Conversion) -> None:
    """One asked-for format to its end."""
    failpoint("convert.after_claim")
    try:
        artifact = _make_format(conversion)
    except MeshError as error:
        formats.fail_conversion(conversion, code=error.code, message=str(error))
        return
    except OSError as error:
        if is_shortage(error):
            formats.put_off(conversion)
        raise
    failpoint("convert.before_complete")
    if not formats.complete_conversion(conversion, artifact=artifact):
        logger.info("Conversion %s was taken from this worker.", conversion.pk)


def _make_format(conversion: Conversion) -> NewArtifact:
    generation = conversion.generation
    source = generation.artifacts.get(role="model", format="glb")
    with default_storage.open(source.path) as model:
        return convert_and_store(
            Workshop(model),
            generation,
            format_id=conversion.format,
            source=source,
            name=conversion.pk,
            options=conversion.options,
        )
