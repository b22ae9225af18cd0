"""Why does a generation not go on just now, and what happens next? Sentences for people."""

from __future__ import annotations

from django.conf import settings

from jobs import catalog
from jobs.models import Generation, Provider
from jobs.states import Stage, Status, WaitingReason

STAGE_WORDS = {
    Stage.WAITING: "Waiting for its turn",
    Stage.PREPARING: "Finding the object",
    Stage.UPLOADING: "Sending the picture",
    Stage.SUBMITTED: "Handed to FAL",
    Stage.SUBMIT_UNKNOWN: "Asking whether FAL took it",
    Stage.IN_ENGINE_QUEUE: "In FAL's queue",
    Stage.GENERATING: "Making the model",
    Stage.DOWNLOADING: "Fetching the model",
    Stage.POSTPROCESSING: "Preview and formats",
    Stage.DONE: "Done",
}
WAITING_WORDS = {
    WaitingReason.ENGINE_BUSY: "Waiting for a free place at FAL",
    WaitingReason.ENGINE_PAUSED: "Waiting: FAL is paused",
    WaitingReason.BUDGET: "Waiting for tomorrow",
    WaitingReason.STORAGE_FULL: "Waiting for room on the disk",
    WaitingReason.NEEDS_DECISION: "Waiting for the administrator",
}
# Nobody can say how long these last.
OPEN_ENDED = frozenset(WAITING_WORDS) - {WaitingReason.ENGINE_BUSY}

_HELP_COMES = "The administrator is told. It goes on by itself once that is put right."
PAUSE_HINTS: dict[str, str] = {
    Provider.Pause.AUTH: f"FAL refuses the key of this site. {_HELP_COMES}",
    Provider.Pause.BALANCE: f"The balance of this site at FAL is used up. {_HELP_COMES}",
    Provider.Pause.LOCKED: f"FAL has locked the account of this site. {_HELP_COMES}",
}
_DOWN_HINT = "FAL does not answer. It is asked again every 30 seconds, and the work goes on by itself."
_BACK_HINT = "FAL answers again: it goes on in a moment."
_BRAKE_HINT = "Today's number of paid requests is reached. It goes on by itself after midnight (UTC)."
_FULL_HINT = "The model is made. It stays at FAL until there is room here."
_UNKNOWN_HINT = (
    "FAL's answer was lost on the way. It is not sent a second time, so that nothing is paid twice: "
    "FAL's own list is looked through instead."
)
_DECISION_HINT = (
    "FAL's answer was lost, and its own list does not say whether it took the picture. Nothing is sent a second "
    "time by itself, so that nothing is paid twice: the administrator decides."
)
CHARGE_HINT = "FAL may still charge for it: it had been sent there."


def describe_state(generation: Generation) -> str:
    """What it does, or why it waits, in a few words."""
    if (reason := _reason(generation)) in WAITING_WORDS:
        return WAITING_WORDS[reason]
    if generation.stage == Stage.PREPARING and is_at_provider(generation):
        return "Preparing the picture"
    return STAGE_WORDS[Stage(generation.stage)]


def explain_state(generation: Generation, *, provider: Provider | None = None) -> str:
    """What is behind it and what happens next; nothing where the words say it all. ``provider``: for a paused one."""
    match _reason(generation):
        case WaitingReason.ENGINE_BUSY:
            return f"This site sends {settings.FAL_CONCURRENCY} at a time; turns go round all users."
        case WaitingReason.ENGINE_PAUSED:
            return explain_pause(provider)
        case WaitingReason.BUDGET:
            return _BRAKE_HINT
        case WaitingReason.STORAGE_FULL:
            return _FULL_HINT
        case WaitingReason.NEEDS_DECISION:
            return _DECISION_HINT
    is_unknown = generation.status == Status.PROCESSING and generation.stage == Stage.SUBMIT_UNKNOWN
    return _UNKNOWN_HINT if is_unknown else name_other_engine(generation)


def name_other_engine(generation: Generation) -> str:
    """Of one that went over to another engine than its job was made for. Asks the database for nothing."""
    if not Generation.job.is_cached(generation) or generation.engine == generation.job.engine:
        return ""
    engine = catalog.ENGINES.get(generation.engine)
    return f"Engine: {engine.name if engine else generation.engine}"


def explain_pause(provider: Provider | None) -> str:
    """Why nothing is sent to it, and what happens next."""
    if provider is None or (not provider.paused_reason and provider.breaker != Provider.Breaker.OPEN):
        return _BACK_HINT
    return PAUSE_HINTS.get(provider.paused_reason, _DOWN_HINT)


def is_stuck(generation: Generation) -> bool:
    """Does it wait for something of which nobody knows when it comes?"""
    is_unknown = generation.status == Status.PROCESSING and generation.stage == Stage.SUBMIT_UNKNOWN
    return is_unknown or _reason(generation) in OPEN_ENDED


def is_at_provider(generation: Generation) -> bool:
    """Is it made by somebody whom we pay?"""
    engine = catalog.ENGINES.get(generation.engine)
    return engine is not None and engine.provider != catalog.LOCAL_ENGINE.provider


def may_switch(generation: Generation) -> bool:
    """Could the local engine make it instead, now?"""
    return generation.status == Status.QUEUED and is_at_provider(generation)


def needs_changes(generation: Generation) -> bool:
    """Would the same again only fail in the same way?"""
    return generation.status == Status.FAILED and not generation.error_retryable


def _reason(generation: Generation) -> WaitingReason | None:
    return WaitingReason(generation.waiting_reason) if generation.is_active and generation.waiting_reason else None
