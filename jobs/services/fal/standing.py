"""How does FAL stand here, for those who look after the site? What is wrong, what can be done, what waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jobs.models import Attempt, Generation, Provider
from jobs.services.fal.breaker import PROBE_SECONDS, is_blocked
from jobs.services.fal.provider import FAL
from jobs.states import ACTIVE, WaitingReason

_PAUSES: dict[str, tuple[str, str]] = {
    Provider.Pause.AUTH: ("FAL refuses the key", "Set FAL_KEY to a key that is valid, and restart the workers."),
    Provider.Pause.BALANCE: ("The balance at FAL is used up", "Top it up in FAL's dashboard."),
    Provider.Pause.LOCKED: ("FAL has locked the account", "Write to FAL's support."),
}
_PROBE = f"It is asked again every {PROBE_SECONDS:.0f} seconds; work goes on by itself once it answers."


@dataclass(frozen=True, kw_only=True)
class Standing:
    """In words. ``is_blocked``: nothing is sent now."""

    words: str
    advice: str = ""
    is_blocked: bool = False
    reason: str = ""  # of a pause of the whole account: auth, balance or locked
    since: datetime | None = None
    detail: str = ""  # FAL's own words
    at_fal: int = 0  # requests that it has not finished
    undecided: int = 0  # submissions of unknown outcome that wait for a person


def read_standing() -> Standing:
    provider = Provider.objects.filter(name=FAL).first() or Provider(name=FAL)
    undecided = Generation.objects.filter(status__in=ACTIVE, waiting_reason=WaitingReason.NEEDS_DECISION).count()
    at_fal = Attempt.objects.running_at_provider().count()
    if provider.paused_reason:
        words, advice = _PAUSES.get(provider.paused_reason, ("FAL does not serve the account", ""))
        return Standing(
            words=words, advice=f"{advice} {_PROBE}".strip(), is_blocked=True, since=provider.paused_at,
            reason=provider.paused_reason, detail=provider.paused_message, at_fal=at_fal, undecided=undecided,
        )  # fmt: skip
    if is_blocked(provider):
        return Standing(
            words="FAL does not answer", advice=_PROBE, is_blocked=True, since=provider.opened_at, at_fal=at_fal,
            undecided=undecided,
        )  # fmt: skip
    return Standing(words=_describe_service(provider), at_fal=at_fal, undecided=undecided)


def _describe_service(provider: Provider) -> str:
    if provider.breaker == Provider.Breaker.HALF_OPEN:
        return "One request tries whether FAL answers again"
    return "In service" if provider.engines else "Not offered: no process here has a key"
