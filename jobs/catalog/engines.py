"""Which engines are there?"""

from __future__ import annotations

from jobs.catalog.entry import EngineEntry
from jobs.catalog.hunyuan import HUNYUAN_ENGINES
from jobs.catalog.local import LOCAL_ENGINE
from jobs.catalog.meshy import MESHY_ENGINES
from jobs.catalog.rodin import RODIN_ENGINES
from jobs.catalog.trellis import TRELLIS_ENGINES
from jobs.catalog.tripo import TRIPO_ENGINES
from jobs.catalog.triposr import TRIPOSR_ENGINES
from jobs.errors import JobError

ENGINES: dict[str, EngineEntry] = {
    entry.id: entry
    for entry in (
        LOCAL_ENGINE,
        *TRIPO_ENGINES,
        *TRELLIS_ENGINES,
        *HUNYUAN_ENGINES,
        *TRIPOSR_ENGINES,
        *RODIN_ENGINES,
        *MESHY_ENGINES,
    )
}


def find_engine(engine_id: str) -> EngineEntry:
    """The engine of this id, or ``JobError``."""
    try:
        return ENGINES[engine_id]
    except KeyError:
        known = ", ".join(ENGINES)
        raise JobError("invalid_parameter", f"There is no engine {engine_id!r}.", hint=f"Use one of: {known}.",
                       details={"parameter": "engine"}) from None  # fmt: skip


def engines_of_queue(queue: str) -> list[str]:
    return [entry.id for entry in ENGINES.values() if entry.queue == queue]
