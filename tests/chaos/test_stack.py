"""Does the stack of the chaos tests make models, with the local engine and with FAL, and is the checker content?"""

from __future__ import annotations

import pytest

from tests.chaos.checker import judge
from tests.chaos.conftest import Scene

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(240)]


def test_it_works(scene: Scene):
    alice, bob = scene.caller("alice"), scene.caller("bob")
    jobs = {alice: alice.send(scene.fresh(2), engine="local").body["job_id"]}
    scene.stack.wait_until(lambda: "tripo-v2.5" in str(bob.call("GET", "/api/v1/models/available").body), what="FAL")
    jobs[bob] = bob.send(scene.fresh(2), engine="tripo-v2.5").body["job_id"]
    for caller, job_id in jobs.items():
        scene.stack.wait_until(lambda caller=caller, job_id=job_id: caller.is_over(job_id), what="the job")
        caller.download_some(scene.stack.dice, caller.look(job_id))
    evidence = judge(scene.stack, scene.history)
    assert len(evidence.submits) == 2
    assert len(evidence.rows["artifacts"]) >= 8
