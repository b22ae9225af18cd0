"""The clocks of our processes are wrong, by an hour or a day, forwards and backwards: what does it change? (P23)"""

from __future__ import annotations

import pytest

from tests.chaos.checker import judge
from tests.chaos.conftest import Scene

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(300)]
HOUR, DAY = 3_600, 86_400
ENGINE = "tripo-v2.5"


@pytest.mark.parametrize(
    "shifts",
    [(HOUR, -HOUR, 0), pytest.param((DAY, 0), marks=pytest.mark.slow), pytest.param((-DAY, 0), marks=pytest.mark.slow)],
)
def test_nothing_is_lost_doubled_or_ended_early(scene: Scene, shifts: tuple[int, ...]):
    alice = scene.caller()
    scene.stack.wait_until(lambda: ENGINE in str(alice.call("GET", "/api/v1/models/available").body), what="FAL")
    jobs, key = [], f"key-{shifts}"
    for shift in shifts:
        scene.stack.note(f"the clock is {shift} s off")
        scene.stack.clock_file.write_text(str(shift))
        jobs += [alice.send(scene.fresh(2), engine=engine).body["job_id"] for engine in ("local", ENGINE)]
        assert alice.call("GET", "/api/v1/jobs").status == 200
    for job_id in jobs:
        scene.stack.wait_until(lambda job_id=job_id: alice.is_over(job_id), what="the job")
    pictures = scene.fresh()
    first = alice.send(pictures, key=key, engine="local").body["job_id"]
    assert alice.send(pictures, key=key, engine="local").body["job_id"] == first
    evidence = judge(scene.stack, scene.history)
    mine = [row for row in evidence.rows["generations"] if str(row["job_id"]) in jobs]
    assert {(row["status"], row["attempt"]) for row in mine} == {("completed", 1)}
