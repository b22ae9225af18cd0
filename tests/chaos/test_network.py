"""The network is bad, for web and workers in different ways: does it heal by itself? (P2, P15)"""

from __future__ import annotations

import pytest

from tests.chaos.checker import judge
from tests.chaos.conftest import Scene

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(400)]
ENGINE = "tripo-v2.5"
WEATHERS = {
    "down": {"down": True},
    "reset": {"reset": True},
    "black hole": {"black_hole": True},
    "cut off after 300 bytes": {"limit_data": 300},
    "late": {"latency": 0.5, "jitter": 0.5},
    "in small pieces": {"slice_bytes": 50, "latency": 0.002},
}
QUICK = ("reset", "cut off after 300 bytes")
FAULT_SECONDS = 3.0


def wait_for_offer(scene: Scene) -> None:
    alice = scene.caller()
    scene.stack.wait_until(lambda: ENGINE in str(alice.call("GET", "/api/v1/models/available").body), what="FAL")


@pytest.mark.parametrize(
    "weather", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in WEATHERS]
)
def test_the_way_to_fal(scene: Scene, weather: str):
    """Uploads are taken meanwhile; what may be paid is not sent twice; everything ends, or asks a person."""
    wait_for_offer(scene)
    alice = scene.caller()
    before = alice.send(scene.fresh(2), engine=ENGINE)
    scene.stack.set_weather("work-fal", **WEATHERS[weather])
    meanwhile = alice.send(scene.fresh(2), engine=ENGINE)
    failures = scene.stack.proxies["work-fal"].connections
    scene.stack.wait_until(
        lambda: scene.stack.proxies["work-fal"].connections > failures + 1 or weather in ("down", "black hole", "late"),
        what="a few tries",
    )
    scene.stack.wait_for(FAULT_SECONDS)
    scene.stack.set_weather("work-fal")
    scene.stack.proxies["work-fal"].cut()
    assert (before.status, meanwhile.status) == (200, 200)
    evidence = judge(scene.stack, scene.history, forgiven_errors=["provider_unreachable", "download_failed"])
    asking = [row for row in evidence.rows["generations"] if row["waiting_reason"] == "needs_decision"]
    assert len(asking) < len(evidence.rows["generations"]) / 2


def test_each_side_sees_something_else(scene: Scene):
    """The web process has no Redis, the workers no FAL, then neither of them anything."""
    alice = scene.caller()
    for name in ("web-redis", "work-fal"):
        scene.stack.set_weather(name, down=True)
    first = alice.send(scene.fresh(2), engine="local")
    scene.stack.wait_for(FAULT_SECONDS)
    for name in scene.stack.proxies:
        scene.stack.set_weather(name, down=True)
    scene.stack.wait_for(FAULT_SECONDS)
    for name in scene.stack.proxies:
        scene.stack.set_weather(name)
    last = alice.send(scene.fresh(2), engine="local")
    for each in (first, last):
        scene.stack.wait_until(lambda job_id=each.body["job_id"]: alice.is_over(job_id), what="the job")
    judge(scene.stack, scene.history, forgiven_errors=["provider_unreachable", "download_failed"])
