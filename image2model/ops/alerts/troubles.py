"""What is wrong now, in words for whoever looks after the site? Each look is one function; most find nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from image2model.ops import checks, readings, storage_facts
from image2model.ops.health import Health
from image2model.ops.waiting import measure_waits
from jobs.services.fal.standing import read_standing

SWEEP_SILENT_AFTER = timedelta(minutes=5)
DEPLOYMENT_SECONDS = 300.0  # processes of two versions, or none of one kind, for so long are a deployment


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """``name`` stays the same for as long as it lasts; ``patience``: seconds that it may last before it is told."""

    name: str
    summary: str
    advice: str
    patience: float = 0.0


def find_troubles() -> list[Trouble]:
    return [trouble for look in LOOKS for trouble in look()]


def look_at_fal() -> Iterator[Trouble]:
    """The key, the balance, the account, or FAL as a whole; and what waits for a person's decision."""
    fal = read_standing()
    if fal.is_blocked:
        name = f"fal_{fal.reason}" if fal.reason else "fal_unreachable"
        patience = 0.0 if fal.reason else 300.0
        yield Trouble(name=name, summary=f"{fal.words}.", advice=f"Jobs wait, nothing is lost. {fal.advice}",
                      patience=patience)  # fmt: skip
    if fal.undecided:
        yield Trouble(
            name="fal_undecided",
            summary="Submissions to FAL are of unknown outcome and wait for a person.",
            advice="Decide about them in the admin, under Attempts.",
        )


def look_at_queue() -> Iterator[Trouble]:
    """What waits for a reason of its own, such as a budget, is not late."""
    for name, seconds in measure_waits().items():
        if seconds > settings.ALERT_QUEUE_MINUTES * 60:
            yield Trouble(
                name=f"queue_{name}",
                summary=f"The oldest generation of the queue {name} has waited for more than "
                f"{settings.ALERT_QUEUE_MINUTES} minutes.",
                advice="Look whether its workers are alive, and start more of them.",
            )


def look_at_disk() -> Iterator[Trouble]:
    disk = storage_facts.describe_disk(storage_facts.find_disk())
    if disk["disk_usage_percent"] > settings.ALERT_DISK_PERCENT:
        yield Trouble(
            name="disk",
            summary=f"The disk is more than {settings.ALERT_DISK_PERCENT} % full.",
            advice=f"{disk['disk_free_gb']} GB are free. Remove old jobs (RETENTION_DAYS, or the clean-up of the API), "
            "or give it more room.",
        )


def look_at_sweep() -> Iterator[Trouble]:
    facts = readings.read(readings.SWEEP)
    succeeded = facts.get("succeeded_at")
    advice = "The watcher's log says why. Until it works again, lost work is not found."
    if facts.get("error"):
        yield Trouble(name="sweep", summary=f"The sweep fails ({facts['error']}).", advice=advice, patience=60.0)
    elif succeeded and timezone.now() - datetime.fromisoformat(succeeded) > SWEEP_SILENT_AFTER:
        yield Trouble(name="sweep", summary="No sweep has been made for five minutes.", advice=advice)


def look_at_files() -> Iterator[Trouble]:
    if orphans := readings.read(readings.FILES).get("orphans"):
        yield Trouble(
            name="orphans",
            summary=f"{orphans} stored files belong to no job.",
            advice="manage.py sweep --check lists them; the clean-up of the API removes them.",
        )


def look_at_submissions() -> Iterator[Trouble]:
    if doubled := readings.read(readings.SUBMISSIONS).get("doubled"):
        yield Trouble(
            name="double_submissions",
            summary=f"{doubled} submissions to FAL were made while an earlier one might still be paid for.",
            advice="This must never be. Keep the logs of the fal and watch workers, and report it.",
        )


def look_at_processes() -> Iterator[Trouble]:
    found = checks.check_workers()
    drift: Sequence[str] = found.details["drift"]
    if drift:
        yield Trouble(
            name="drift",
            summary=f"The processes do not agree: {'; '.join(drift)}.",
            advice="Restart all of them with the same version and the same settings.",
            patience=DEPLOYMENT_SECONDS,
        )
    if missing := found.details["missing"]:
        yield Trouble(
            name="workers",
            summary=f"Nobody works on {', '.join(missing)}.",
            advice="Start the missing workers with manage.py work.",
            patience=DEPLOYMENT_SECONDS,
        )


def look_at_redis() -> Iterator[Trouble]:
    try:
        found = checks.check_redis()
    except (OSError, RedisError) as error:
        summary = f"Redis does not answer ({type(error).__name__})."
    else:
        if found.status == Health.HEALTHY:
            return
        summary = f"Redis: {'; '.join(found.details['trouble'])}."
    yield Trouble(name="redis", summary=summary, advice="Uploads are kept and wait for it.", patience=60.0)


LOOKS: Sequence[Callable[[], Iterator[Trouble]]] = (
    look_at_fal,
    look_at_queue,
    look_at_disk,
    look_at_sweep,
    look_at_files,
    look_at_submissions,
    look_at_processes,
    look_at_redis,
)
