"""What does a status say, from the queue to the end?"""

from __future__ import annotations

import json

import httpx
import pytest

from ..running import VirtualFal
from .caller import Caller, wait_until


def test_it_works(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(run_seconds=60)
    job = caller.submit()
    running = caller.http.get(job["status_url"], params={"logs": "1"})
    assert running.status_code == 202
    assert running.json()["status"] == "IN_PROGRESS"
    fal.skip(61)
    assert caller.get_status(job)["metrics"]["inference_time"] == pytest.approx(60)
    assert caller.http.get(job["status_url"]).status_code == 200


@pytest.mark.parametrize("asked", ["1", "true", "True"])
def test_logs_are_told_when_asked_for(caller: Caller, asked: str) -> None:
    job = caller.submit()
    caller.wait(job)
    (first, *_) = caller.get_status(job, logs=asked)["logs"]
    assert set(first) == {"timestamp", "message", "labels"}
    assert len(first["timestamp"]) == len("2026-01-01T00:00:00.000000")


@pytest.mark.parametrize("asked", ["0", "false", ""])
def test_logs_are_null_otherwise(caller: Caller, asked: str) -> None:
    job = caller.submit()
    assert caller.get_status(job, logs=asked)["logs"] is None


def test_logs_may_have_levels_and_a_percentage(caller: Caller, fal: VirtualFal) -> None:
    fal.script("log-levels")
    job = caller.submit()
    lines = caller.wait(job)["logs"]
    assert {line["level"] for line in lines} == {"INFO"}
    assert "progress: 50%" in [line["message"] for line in lines]


def test_logs_may_be_unknown_to_the_model(caller: Caller, fal: VirtualFal) -> None:
    fal.script("no-logs")
    assert caller.wait(caller.submit())["logs"] is None


def test_logs_appear_while_it_runs(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"run_seconds": 60, "progress": True})
    job = caller.submit()
    assert len(caller.get_status(job)["logs"]) == 1
    fal.skip(31)
    assert "progress: 50%" in [line["message"] for line in caller.get_status(job)["logs"]]


def test_positions_are_honest(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(concurrency=1, run_seconds=60)
    jobs = [caller.submit() for _ in range(4)]
    states = [caller.get_status(job) for job in jobs]
    assert [state["status"] for state in states] == ["IN_PROGRESS", "IN_QUEUE", "IN_QUEUE", "IN_QUEUE"]
    assert [state.get("queue_position") for state in states] == [None, 0, 1, 2]
    assert states[1]["logs"] is None
    fal.skip(61)
    assert [caller.get_status(job).get("queue_position") for job in jobs[2:]] == [0, 1]


def test_a_long_queue_may_be_scripted(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"preset": "long-queue", "queue_seconds": 100})
    job = caller.submit()
    assert caller.get_status(job)["queue_position"] > 12_000
    fal.skip(50)
    assert 5_000 < caller.get_status(job)["queue_position"] < 6_500


def test_it_may_return_to_the_queue(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"preset": "requeued", "run_seconds": 100})
    job = caller.submit()
    seen = []
    for _ in range(13):
        seen.append(caller.get_status(job)["status"])
        fal.skip(10)
    changes = [state for number, state in enumerate(seen) if not number or seen[number - 1] != state]
    assert changes == ["IN_PROGRESS", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


def test_it_may_run_for_ever(caller: Caller, fal: VirtualFal) -> None:
    fal.script("forever")
    job = caller.submit()
    fal.skip(10 * 24 * 3600)
    assert caller.get_status(job)["status"] == "IN_PROGRESS"


def test_it_rejects_other_addresses(caller: Caller) -> None:
    identifier = caller.submit()["request_id"]
    for path in (
        f"/tripo3d/tripo/v2.5/image-to-3d/requests/{identifier}/status",
        f"/tripo3d/h3.1/requests/{identifier}/status",
        "/tripo3d/tripo/requests/unknown/status",
        f"/tripo3d/tripo/requests/{identifier}/state",
    ):
        assert caller.http.get(path).status_code == 404
    assert caller.http.get(f"/tripo3d/tripo/requests/{identifier}/status/").status_code in {200, 202}


def test_it_requires_the_key(caller: Caller) -> None:
    job = caller.submit()
    assert caller.http.get(job["status_url"], headers={"Authorization": "Key no"}).status_code == 401


def test_a_failure_of_the_model_is_not_told(caller: Caller, fal: VirtualFal) -> None:
    fal.script("result-content-policy-violation")
    assert "error" not in caller.wait(caller.submit())


def test_a_failure_of_the_infrastructure_is_told(caller: Caller, fal: VirtualFal) -> None:
    fal.script("result-startup-timeout")
    over = caller.wait(caller.submit())
    assert (over["status"], over["error_type"]) == ("COMPLETED", "startup_timeout")


def test_it_answers_oddly_for_a_while(caller: Caller, fal: VirtualFal) -> None:
    for name, expected in (("status-foo", "FOO"), ("status-missing", None)):
        fal.reset()
        fal.script(name)
        job = caller.submit()
        answers = [caller.http.get(job["status_url"]).json().get("status") for _ in range(3)]
        assert answers[:2] == [expected, expected]
        assert answers[2] in {"IN_PROGRESS", "COMPLETED"}


@pytest.mark.parametrize("name", ["status-close", "status-reset", "status-short"])
def test_connections_are_lost(caller: Caller, fal: VirtualFal, name: str) -> None:
    fal.script(name)
    job = caller.submit()
    with pytest.raises(httpx.TransportError):
        caller.http.get(job["status_url"])


def test_it_streams_events(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"progress": True, "queue_seconds": 0.2})
    job = caller.submit()
    events = []
    with caller.http.stream("GET", f"{job['status_url']}/stream?logs=1") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: ")]
    states = [event["status"] for event in events]
    assert states[0] == "IN_QUEUE"
    assert states[-1] == "COMPLETED"
    messages = [line["message"] for event in events for line in event["logs"] or []]
    assert len(messages) == len(set(messages)) == 13


def test_a_start_deadline_ends_the_wait(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(concurrency=1, run_seconds=60)
    caller.submit()
    late = caller.submit(headers={"X-Fal-Request-Timeout": "30.0"})
    fal.skip(31)
    assert caller.get_status(late)["error_type"] == "request_timeout"
    response = caller.get_result(late)
    assert (response.status_code, response.headers["x-fal-request-timeout-type"]) == (504, "user")
    assert fal.submits()[1]["billed"] is False


def test_low_priority_waits_longer(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(concurrency=1, run_seconds=60)
    caller.submit()
    low = caller.submit(headers={"X-Fal-Queue-Priority": "low"})
    normal = caller.submit()
    fal.skip(61)
    states = [caller.get_status(job)["status"] for job in (low, normal)]
    assert states == ["IN_QUEUE", "IN_PROGRESS"]


def test_it_ends_without_being_asked(caller: Caller, fal: VirtualFal) -> None:
    """The queue moves by itself: nobody polls, and still the second request starts."""
    fal.set_options(concurrency=1)
    for _ in range(3):
        caller.submit()
    wait_until(lambda: fal.summary()["states"].get("over"), lambda over: over == 3)
