"""Which engines are on offer now, and which one does a job get that names none?"""

from __future__ import annotations

from django.conf import settings

from jobs import catalog
from jobs.errors import JobError
from jobs.services.fal.provider import FAL, read_offer

BEST_ENGINE = "tripo-v2.5"  # of those that need a key


def offered_engines() -> list[catalog.EngineEntry]:
    """The engines that a job may name, the default first."""
    at_fal, default = read_offer(), default_engine_id()
    offered = [entry for entry in catalog.ENGINES.values() if entry.provider != FAL or entry.id in at_fal]
    return sorted(offered, key=lambda entry: entry.id != default)


def default_engine_id() -> str:
    """What the administrator chose, else the best that is there."""
    if settings.DEFAULT_ENGINE:
        return settings.DEFAULT_ENGINE
    return BEST_ENGINE if BEST_ENGINE in read_offer() else catalog.LOCAL_ENGINE.id


def choose_engine(engine_id: str) -> catalog.EngineEntry:
    """The engine of this id, the default for none; ``JobError`` when it is unknown or not on offer."""
    engine = catalog.find_engine(engine_id or default_engine_id())
    if engine not in offered_engines():
        raise JobError(
            "invalid_parameter",
            f"The engine {engine.name} is not available here.",
            hint="Ask the administrator to add a FAL key, or use the local engine.",
            details={"parameter": "engine"},
        )
    return engine
