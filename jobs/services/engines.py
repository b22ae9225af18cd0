"""Which engines are on offer now, and which one does a job get that names none?"""

from __future__ import annotations

from django.conf import settings

from jobs import catalog
from jobs.errors import JobError


def offered_engines() -> list[catalog.EngineEntry]:
    """The engines that a job may name, the default first."""
    offered = [entry for entry in catalog.ENGINES.values() if entry.provider == "local"]
    return sorted(offered, key=lambda entry: entry.id != default_engine_id())


def default_engine_id() -> str:
    return settings.DEFAULT_ENGINE or catalog.LOCAL_ENGINE.id


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
