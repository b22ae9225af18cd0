"""Can the checker fail? One planted violation of each promise, and it names just that one."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.chaos.checker import UPLOAD, Evidence, find_broken_promises
from tests.chaos.client import Said

JOB, OTHER, GENERATION, TOKEN = "job-1", "job-2", "generation-1", "token-1"
WHEN = "2026-11-22T10:00:{:02d}Z"


def event(kind: str, second: int, *, generation: str | None = GENERATION) -> dict[str, Any]:
    moment = WHEN.format(second)
    return {"job_id": JOB, "generation_id": generation, "kind": kind, "created_at": moment, "actor": ""}


def look(status: str, progress: int, *, number: int) -> Said:
    body = {"id": JOB, "attempt": 1, "status": status, "progress": progress, "counts": {}}
    return Said(number=number, at=number, who="alice", method="GET", path=f"/api/v1/jobs/{JOB}", status=200, body=body)


def upload(job_id: str, *, number: int, key: str = "key") -> Said:
    body = {"job_id": job_id}
    return Said(number=number, at=0, who="alice", method="POST", path=UPLOAD, key=key, status=200, body=body)


@pytest.fixture
def evidence() -> Evidence:
    """A run in which every promise was kept."""
    rows = {
        "jobs": [
            {"id": JOB, "owner_email": "alice@example.org", "status": "completed"},
            {"id": OTHER, "owner_email": "bob@example.org", "status": "completed"},
        ],
        "generations": [
            {
                "id": GENERATION, "job_id": JOB, "status": "completed", "stage": "done", "waiting_reason": "",
                "error_code": "", "finished_at": WHEN.format(9),
            }
        ],
        "attempts": [
            {
                "generation_id": GENERATION, "number": 1, "token": TOKEN, "submission": "accepted",
                "sent_at": WHEN.format(2),
            }
        ],
        "events": [event("created", 0, generation=None), event("started", 1), event("model_completed", 9)],
    }  # fmt: skip
    said = [
        upload(JOB, number=0), look("processing", 40, number=1), look("completed", 100, number=2),
        Said(number=3, at=3, who="bob", method="POST", path=UPLOAD, key="b", status=200, body={"job_id": OTHER}),
        Said(number=4, at=4, who="alice", method="GET", path="/f", status=200, sha256="a", body={"told_sha256": "a"}),
    ]  # fmt: skip
    return Evidence(
        said=said, rows=rows, faults=[], submits=[{"marker": TOKEN}], texts={"logs": "all is well"},
        canaries={"FAL key": "canary"},
    )  # fmt: skip


def say(**what: Any) -> Callable[[Evidence], None]:
    def plant(evidence: Evidence) -> None:
        said = {"number": 9, "at": 9, "who": "alice", "method": "GET", "path": "/", "status": 200, **what}
        evidence.said.append(Said(**said))  # type: ignore[attr-defined]

    return plant


def change(table: str, **values: Any) -> Callable[[Evidence], None]:
    return lambda evidence: evidence.rows[table][0].update(values)  # type: ignore[attr-defined]


def add(table: str, row: dict[str, Any]) -> Callable[[Evidence], None]:
    return lambda evidence: evidence.rows[table].append(row)  # type: ignore[attr-defined]


def submit_again(evidence: Evidence) -> None:
    evidence.submits.append({"marker": TOKEN})  # type: ignore[attr-defined]


def submit_under_another_attempt(evidence: Evidence) -> None:
    second = {**evidence.rows["attempts"][0], "number": 2, "token": "token-2"}
    evidence.rows["attempts"].append(second)  # type: ignore[attr-defined]
    evidence.submits.append({"marker": "token-2"})  # type: ignore[attr-defined]


def lose_job(evidence: Evidence) -> None:
    del evidence.rows["jobs"][0]  # type: ignore[attr-defined]


def repeat_into_another_job(evidence: Evidence) -> None:
    add("jobs", {"id": "job-3", "owner_email": "alice@example.org"})(evidence)
    evidence.said.append(upload("job-3", number=9))  # type: ignore[attr-defined]


VIOLATIONS: dict[str, tuple[str, Callable[[Evidence], None]]] = {
    "an acknowledged job is gone": ("P1", lose_job),
    "a generation never ends": ("P1", change("generations", status="processing")),
    "a generation fails": ("P1", change("generations", status="failed", error_code="worker_crashed")),
    "an attempt is paid twice": ("P2", submit_again),
    "a generation is paid twice": ("P2", submit_under_another_attempt),
    "a paid attempt counts as not sent": ("P2", change("attempts", submission="not_sent")),
    "something is sent after the end": ("P4", change("attempts", sent_at=WHEN.format(30))),
    "rows and files disagree": ("P5", lambda evidence: evidence.faults.append("orphan file x")),  # type: ignore[attr-defined]
    "half a file is read": ("P6", say(sha256="b", body={"told_sha256": "a"})),
    "a repetition makes another job": ("P8", repeat_into_another_job),
    "a job out of nowhere": ("P8", add("jobs", {"id": "job-3", "owner_email": "alice@example.org"})),
    "progress falls": (
        "P9",
        lambda evidence: evidence.said.insert(2, look("processing", 39, number=9)),  # type: ignore[attr-defined]
    ),
    "a finished job runs again": ("P9", lambda evidence: evidence.said.append(look("processing", 100, number=9))),  # type: ignore[attr-defined]
    "a generation ends twice": ("P9", add("events", event("model_failed", 9))),
    "a stranger sees a job": ("P11", say(who="bob", path=f"/api/v1/jobs/{JOB}", body={"id": "x"})),
    "a stranger finds a job": ("P11", say(who="bob", path="/api/v1/jobs", body={"jobs": [JOB]})),
    "a secret is logged": ("P12", lambda evidence: evidence.texts.update(logs="the canary sings")),  # type: ignore[attr-defined]
    "an answer is 500": ("P13", say(status=500)),
    "a 503 says not when to come back": ("P13", say(status=503)),
}


def test_it_works(evidence: Evidence):
    assert find_broken_promises(evidence) == []


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_planted_violation_is_named(evidence: Evidence, violation: str):
    promise, plant = VIOLATIONS[violation]
    planted = deepcopy(evidence)
    plant(planted)
    broken = find_broken_promises(planted)
    assert broken, "the checker saw nothing"
    assert {line.partition(":")[0] for line in broken} == {promise}


def test_what_is_asked_for_again_may_be_paid_again(evidence: Evidence):
    submit_under_another_attempt(evidence)
    evidence.rows["events"].insert(-1, event("retried", 3, generation=None))  # type: ignore[attr-defined]
    assert find_broken_promises(evidence) == []


def test_a_refusal_that_says_when_to_come_back_is_none(evidence: Evidence):
    say(status=503, retry_after="5")(evidence)
    assert find_broken_promises(evidence) == []
