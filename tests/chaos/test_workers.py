"""Workers lose horses or parents, come in twos, are stopped, or meet poison: is each thing done once? (P1, P21, P22)"""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from jobs.services.sweep import MAX_CRASHES
from tests.chaos.checker import judge
from tests.chaos.conftest import Scene

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(400)]
ENGINE = "tripo-v2.5"


@pytest.fixture(scope="module")
def shared_scene(open_scene: Callable[..., Scene]) -> Scene:
    """Two of every worker, so that each meets another at its work."""
    scene = open_scene(workers=("local", "local", "post", "watch", "watch", "fal", "fal"))
    alice = scene.caller()
    scene.stack.wait_until(lambda: ENGINE in str(alice.call("GET", "/api/v1/models/available").body), what="FAL")
    return scene


def test_two_of_each_do_everything_once(scene: Scene):
    alice = scene.caller()
    jobs = [alice.send(scene.fresh(4), engine=engine).body["job_id"] for engine in ("local", ENGINE, ENGINE)]
    for job_id in jobs:
        scene.stack.wait_until(lambda job_id=job_id: alice.is_over(job_id), what="the job")
    evidence = judge(scene.stack, scene.history)
    mine = [row for row in evidence.rows["generations"] if str(row["job_id"]) in jobs]
    assert [row["attempt"] for row in mine] == [1] * 12
    assert len(evidence.submits) >= 8


@pytest.mark.parametrize("whom", ["parent", "horse"])
def test_only_half_of_a_worker_dies(scene: Scene, whom: str):
    """A horse whose parent died runs on, and nobody else's result counts; a dead horse's work is handed back."""
    alice = scene.caller()
    job_id = alice.send(scene.fresh(6), engine="local").body["job_id"]
    for name in ("local", "local-1"):
        scene.stack.wait_until(
            lambda name=name: scene.stack.parts[name].list_horses() or alice.is_over(job_id), what="work"
        )
        scene.stack.kill(name, whom=whom)
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="the job")
    evidence = judge(scene.stack, scene.history)
    assert [row["completed"] for row in evidence.rows["jobs"] if str(row["id"]) == job_id] == [6]


def test_rolling_restarts_lose_and_double_nothing(scene: Scene):
    alice = scene.caller()
    jobs = [alice.send(scene.fresh(4), engine=engine).body["job_id"] for engine in ("local", ENGINE)]
    for name in [name for name in scene.stack.parts if name not in ("redis", "database")]:
        process = scene.stack.parts[name].process
        scene.stack.kill(name, signal.SIGTERM, whom="parent")
        assert process is not None
        assert process.wait(30) in (0, -signal.SIGTERM), f"{name} did not end in order"
    for job_id in jobs:
        scene.stack.wait_until(lambda job_id=job_id: alice.is_over(job_id), what="the job")
    evidence = judge(scene.stack, scene.history)
    assert {row["crashes"] for row in evidence.rows["generations"]} == {0}


def test_a_poison_picture_ends_alone(scene: Scene):
    alice = scene.caller()
    poison = alice.send(scene.fresh(), engine="local").body["job_id"]
    for _ in range(MAX_CRASHES):
        scene.stack.arm("worker.after_claim")
        scene.stack.wait_until(
            lambda: scene.stack.has_struck("worker.after_claim") or alice.is_over(poison), what="the next crash"
        )
    scene.stack.wait_until(lambda: alice.is_over(poison), what="the end of it")
    scene.stack.disarm()
    other = alice.send(scene.fresh(2), engine="local").body["job_id"]
    scene.stack.wait_until(lambda: alice.is_over(other), what="the next job")
    evidence = judge(scene.stack, scene.history, forgiven_errors=["worker_crashed"])
    ends = {str(row["job_id"]): row["status"] for row in evidence.rows["generations"]}
    assert ends[other] == "completed"
    failed = [row for row in evidence.rows["generations"] if row["status"] == "failed"]
    assert [row["error_code"] for row in failed] in ([], ["worker_crashed"])
