"""What does a cancel do to a request that waits, runs, or is over?"""

from __future__ import annotations

from ..running import VirtualFal
from .caller import Caller


def test_it_works(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(queue_seconds=60)
    job = caller.submit()
    response = caller.http.put(job["cancel_url"])
    assert (response.status_code, response.json()) == (200, {"status": "OK"})
    result = caller.get_result(job)
    assert (result.status_code, result.headers["x-fal-error-type"]) == (499, "client_cancelled")
    assert fal.summary()["spend"]["billed"] == "0"


def test_a_waiting_one_may_be_asked_only(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"preset": "cancel-requested", "queue_seconds": 60})
    response = caller.http.put(caller.submit()["cancel_url"])
    assert (response.status_code, response.json()) == (202, {"status": "CANCELLATION_REQUESTED"})


def test_a_running_one_runs_on_and_is_billed(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(run_seconds=60)
    job = caller.submit()
    response = caller.http.put(job["cancel_url"])
    assert (response.status_code, response.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    fal.skip(61)
    assert caller.get_result(job).status_code == 200
    (submit,) = fal.submits()
    assert submit["cancel_asked"]
    assert submit["billed"]


def test_a_running_one_may_stop(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"preset": "cancel-honoured", "run_seconds": 60})
    job = caller.submit()
    assert caller.http.put(job["cancel_url"]).status_code == 202
    assert caller.get_result(job).status_code == 499
    assert fal.submits()[0]["billed"] is False


def test_one_that_is_over_stays_so(caller: Caller) -> None:
    job = caller.submit()
    caller.wait(job)
    response = caller.http.put(job["cancel_url"])
    assert (response.status_code, response.json()) == (400, {"status": "ALREADY_COMPLETED"})


def test_an_unknown_one_is_not_found(caller: Caller) -> None:
    response = caller.http.put("/tripo3d/tripo/requests/none/cancel")
    assert (response.status_code, response.json()) == (404, {"status": "NOT_FOUND"})


def test_the_queue_moves_up(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(concurrency=1, run_seconds=60)
    _, second, third = (caller.submit() for _ in range(3))
    caller.http.put(second["cancel_url"])
    assert caller.get_status(third)["queue_position"] == 0


def test_a_slot_is_free_again(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(concurrency=1, run_seconds=60)
    fal.script("cancel-honoured")
    first, second = caller.submit(), caller.submit()
    caller.http.put(first["cancel_url"])
    assert caller.get_status(second)["status"] == "IN_PROGRESS"
