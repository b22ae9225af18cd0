"""Does the queue's arithmetic hold, however late it is done?"""

from __future__ import annotations

from ..fal_request import OVER, RUNNING, WAITING, FalRequest
from ..hosts import find_place
from ..scenarios import PRESETS
from ..schedule import Schedule


def make_request(number: int, *, at: float = 0.0, seconds: float = 10.0, **fields: object) -> FalRequest:
    values: dict[str, object] = {
        "id": str(number), "endpoint_id": "a/b", "app": "a/b", "endpoint": None, "arguments": {}, "pictures": (),
        "place": find_place("127.0.0.1:1", "http"), "headers": {}, "webhook": "", "scenario": PRESETS["default"],
        "submitted_at": at, "eligible_at": at, "run_seconds": seconds, **fields,
    }  # fmt: skip
    return FalRequest(**values)  # type: ignore[arg-type]


def make_schedule(limit: int, ended: list[str] | None = None) -> Schedule:
    told = ended if ended is not None else []
    return Schedule(limit, on_start=lambda r: None, judge=lambda r: None, on_end=lambda r: told.append(r.id))


def test_it_works() -> None:
    schedule = make_schedule(2)
    requests = [make_request(number) for number in range(5)]
    for request in requests:
        schedule.add(request)
    schedule.advance(100.0)
    assert [(r.started_at, r.ended_at) for r in requests] == [(0, 10), (0, 10), (10, 20), (10, 20), (20, 30)]


def test_it_does_not_matter_how_often_it_is_asked() -> None:
    seldom, often = make_schedule(3), make_schedule(3)
    lots = [[make_request(n, at=n * 0.7, seconds=3 + n % 5) for n in range(200)] for _ in range(2)]
    for schedule, requests in zip((seldom, often), lots, strict=True):
        for request in requests:
            if schedule is often:
                schedule.advance(request.submitted_at)
            schedule.add(request)
    for step in range(4000):
        often.advance(step * 0.25)
    seldom.advance(1000.0)
    assert [r.ended_at for r in lots[0]] == [r.ended_at for r in lots[1]]
    assert all(r.state == OVER for r in lots[0])


def test_no_limit_lets_all_run() -> None:
    schedule = make_schedule(0)
    requests = [make_request(number) for number in range(1000)]
    for request in requests:
        schedule.add(request)
    schedule.advance(5.0)
    assert schedule.running == 1000
    schedule.advance(10.0)
    assert (schedule.running, schedule.waiting) == (0, 0)


def test_ends_are_told_in_order() -> None:
    ended: list[str] = []
    schedule = make_schedule(0, ended)
    for number, seconds in enumerate((9.0, 3.0, 6.0)):
        schedule.add(make_request(number, seconds=seconds))
    schedule.advance(100.0)
    assert ended == ["1", "2", "0"]


def test_a_missed_start_is_an_end() -> None:
    schedule = make_schedule(1)
    first, second = make_request(1, seconds=50.0), make_request(2, start_deadline=30.0)
    for request in (first, second):
        schedule.add(request)
    schedule.advance(29.0)
    assert second.state == WAITING
    schedule.advance(31.0)
    assert (second.state, second.ended_at) == (OVER, 30.0)
    assert second.failure is not None
    assert second.failure.status == 504


def test_a_cancelled_one_gives_way() -> None:
    schedule = make_schedule(1)
    requests = [make_request(number) for number in range(3)]
    for request in requests:
        schedule.add(request)
    schedule.advance(1.0)
    schedule.cancel(requests[1], 1.0, honoured=False)
    assert schedule.count_ahead(requests[2]) == 0
    schedule.advance(10.0)
    assert requests[2].state == RUNNING
