"""Were the promises kept? Clients' history, rows, files, FAL's accepted POSTs and logs against one another.

Each broken promise is one line that begins with its number. See docs/reliability.md for the promises.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.client import TERMINAL, History, Said
from tests.chaos.stack import SECRET_KEY, Stack

UPLOAD = "/api/v1/upload"
ENDED = ("model_completed", "model_failed", "model_cancelled")
BEGUN_AGAIN = ("retried", "fell_back", "switched", "sent_again")
MAY_RUN_AT_FAL = ("accepted", "unknown", "sending")
TOLERANCE = timedelta(seconds=1)


@dataclass(kw_only=True)
class Evidence:
    """What a run left behind."""

    said: Sequence[Said]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    faults: Sequence[str]
    submits: Sequence[Mapping[str, Any]]
    texts: Mapping[str, str] = field(default_factory=dict)  # where: what was written there
    canaries: Mapping[str, str] = field(default_factory=dict)  # what it is: what must be nowhere
    forgiven_errors: frozenset[str] = frozenset()  # codes that generations may fail with in this run


def find_broken_promises(evidence: Evidence) -> list[str]:
    checks = (
        check_nothing_is_lost, check_paid_once, check_nothing_after_the_end, check_files, check_whole_downloads,
        check_repetitions, check_only_forward, check_ends, check_owners, check_secrets, check_answers,
    )  # fmt: skip
    return [line for check in checks for line in check(evidence)]


def judge(stack: Stack, history: History, *, forgiven_errors: Sequence[str] = (), settle: float = 120.0) -> Evidence:
    """Wait until the stack has settled, then hold everything against the promises."""
    stack.settle(seconds=settle)
    stack.ask("sweep_up")
    evidence = collect(stack, history, forgiven_errors=forgiven_errors)
    broken = find_broken_promises(evidence)
    assert not broken, "\n".join([*broken, history.tell(), stack.tell()])
    return evidence


def collect(stack: Stack, history: History, *, forgiven_errors: Sequence[str] = ()) -> Evidence:
    keys = {f"API key {number}": key for number, key in enumerate(stack.api_keys)}
    return Evidence(
        said=list(history.said),
        rows=stack.ask("rows"),
        faults=stack.ask("faults"),
        submits=stack.fal.submits(),
        texts={"logs": stack.read_logs(), "answers": json.dumps([each.body for each in history.said], default=str)},
        canaries={"FAL key": stack.fal.key.partition(":")[2], "SECRET_KEY": SECRET_KEY, **keys},
        forgiven_errors=frozenset(forgiven_errors),
    )


def list_acknowledged(evidence: Evidence) -> dict[str, Said]:
    """Job id: the upload that was answered with it."""
    done = [each for each in evidence.said if each.path == UPLOAD and each.status == 200]
    return {each.body["job_id"]: each for each in done}


def list_deleted(evidence: Evidence) -> set[str]:
    """Jobs that their owners tried to delete, whatever the answer was."""
    return {each.path.rsplit("/", 1)[1] for each in evidence.said if each.method == "DELETE"}


def check_nothing_is_lost(evidence: Evidence) -> Iterator[str]:
    jobs = {str(row["id"]): row for row in evidence.rows["jobs"]}
    for job_id in set(list_acknowledged(evidence)) - list_deleted(evidence):
        if job_id not in jobs:
            yield f"P1: job {job_id} was acknowledged and is gone"
    for row in evidence.rows["generations"]:
        asks_person = row["waiting_reason"] == "needs_decision"
        if row["status"] not in TERMINAL and not asks_person:
            yield f"P1: generation {row['id']} never ended: {row['status']} {row['stage']}"
        if row["status"] == "failed" and row["error_code"] not in evidence.forgiven_errors:
            yield f"P1: generation {row['id']} failed: {row['error_code']}"


def check_paid_once(evidence: Evidence) -> Iterator[str]:
    attempts = {str(row["token"]): row for row in evidence.rows["attempts"]}
    for marker, number in Counter(submit["marker"] for submit in evidence.submits).items():
        if number > 1:
            yield f"P2: FAL accepted {number} requests of attempt {marker}"
        attempt = attempts.get(marker)
        if attempt and attempt["submission"] not in MAY_RUN_AT_FAL:
            yield f"P2: FAL accepted attempt {marker}, whose row says {attempt['submission']!r}"
    by_generation = Counter(
        str(attempts[s["marker"]]["generation_id"]) for s in evidence.submits if s["marker"] in attempts
    )
    again = Counter(str(e["generation_id"]) for e in evidence.rows["events"] if e["kind"] in ("retried", "sent_again"))
    retried_jobs = {str(e["job_id"]) for e in evidence.rows["events"] if e["kind"] in ("retried", "sent_again")}
    jobs = {str(row["id"]): str(row["job_id"]) for row in evidence.rows["generations"]}
    for generation, number in by_generation.items():
        if number > 1 + again[generation] and jobs.get(generation) not in retried_jobs:
            yield f"P2: FAL accepted {number} requests for generation {generation}"


def check_nothing_after_the_end(evidence: Evidence) -> Iterator[str]:
    """Both times are the database's: the clocks of processes may be wrong."""
    ends = {str(row["id"]): row["finished_at"] for row in evidence.rows["generations"]}
    for attempt in evidence.rows["attempts"]:
        end, sent = ends.get(str(attempt["generation_id"])), attempt["sent_at"]
        if end and sent and _time(sent) > _time(end) + TOLERANCE:
            yield f"P4: attempt {attempt['number']} of {attempt['generation_id']} was sent after its end"


def _events_by_generation(evidence: Evidence) -> dict[str, list[Mapping[str, Any]]]:
    """In order, each with those of its job as a whole."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    jobs = {str(row["id"]): str(row["job_id"]) for row in evidence.rows["generations"]}
    for generation, job in jobs.items():
        for event in evidence.rows["events"]:
            of_all = event["generation_id"] is None and str(event["job_id"]) == job
            if of_all or str(event["generation_id"]) == generation:
                found[generation].append(event)
    return found


def _time(told: str) -> datetime:
    return datetime.fromisoformat(told.replace("Z", "+00:00"))


def check_files(evidence: Evidence) -> Iterator[str]:
    yield from (f"P5: {fault}" for fault in evidence.faults)


def check_whole_downloads(evidence: Evidence) -> Iterator[str]:
    for each in evidence.said:
        told = each.body.get("told_sha256") if each.status == 200 and isinstance(each.body, dict) else None
        if told and told != each.sha256:
            yield f"P6: {each.path} was not what its row says"


def check_repetitions(evidence: Evidence) -> Iterator[str]:
    answered: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in evidence.said:
        if each.path == UPLOAD and each.status == 200 and each.key:
            answered[each.who, each.key].add(each.body["job_id"])
    yield from (f"P8: key {key} made {len(jobs)} jobs" for key, jobs in answered.items() if len(jobs) > 1)
    asked = len({(each.who, each.key or each.number) for each in evidence.said if each.path == UPLOAD})
    if len(evidence.rows["jobs"]) > asked:
        yield f"P8: {len(evidence.rows['jobs'])} jobs came of {asked} uploads"


def check_only_forward(evidence: Evidence) -> Iterator[str]:
    """As each client saw it, between one explicit retry and the next."""
    before: dict[tuple[str, str, int], Mapping[str, Any]] = {}
    for each in evidence.said:
        job = each.body
        if each.status != 200 or not isinstance(job, dict) or "counts" not in job:
            continue
        last = before.get((each.who, job["id"], job["attempt"]))
        if last is not None and job["progress"] < last["progress"]:
            yield f"P9: the progress of job {job['id']} fell from {last['progress']} to {job['progress']}"
        if last is not None and last["status"] in TERMINAL and job["status"] not in (last["status"], "completed"):
            yield f"P9: job {job['id']} was {last['status']} and became {job['status']}"
        before[each.who, job["id"], job["attempt"]] = job


def check_ends(evidence: Evidence) -> Iterator[str]:
    """One end of each run; only a result that came late may set a failure right."""
    for generation, events in _events_by_generation(evidence).items():
        last = ""
        for event in events:
            if event["kind"] in BEGUN_AGAIN:
                last = ""
            elif event["kind"] in ENDED:
                if last and (last, event["kind"]) != ("model_failed", "model_completed"):
                    yield f"P9: generation {generation} ended twice: {last}, {event['kind']}"
                last = event["kind"]


def check_owners(evidence: Evidence) -> Iterator[str]:
    owners = {str(row["id"]): row["owner_email"].partition("@")[0] for row in evidence.rows["jobs"]}
    for each in evidence.said:
        text = json.dumps(each.body, default=str) if each.status == 200 else ""
        for job_id, owner in owners.items():
            if owner != each.who and (job_id in text or (text and job_id in each.path)):
                yield f"P11: {each.who} saw job {job_id} of {owner} at {each.path}"


def check_secrets(evidence: Evidence) -> Iterator[str]:
    for place, text in evidence.texts.items():
        yield from (
            f"P12: the {name} is in the {place}" for name, secret in evidence.canaries.items() if secret in text
        )


def check_answers(evidence: Evidence) -> Iterator[str]:
    for each in evidence.said:
        if each.status >= 500 and not (each.status == 503 and each.retry_after):
            yield f"P13: {each.method} {each.path} was answered {each.status} {each.error_code}"
