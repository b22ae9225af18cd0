"""A process dies, freezes or stumbles at every named step of the code: is every promise kept all the same?

The points strike in waves, several processes in each; the order is drawn from the seed, which a failure tells.
"""

from __future__ import annotations

import itertools
import random
import re

import pytest

from jobs.failpoints import POINTS
from tests.chaos.checker import judge
from tests.chaos.client import Caller
from tests.chaos.conftest import Scene
from tests.running import ROOT

IN_STACK = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(900)]
# Who gets to them: of each line at most one strikes in a wave.
MATRIX = {
    "web": (
        "upload.after_read", "upload.after_store", "upload.before_commit", "upload.after_commit", "upload.after_ring",
        "delete.after_bury", "delete.after_files", "delete.after_rows",
    ),
    "web, told by FAL": ("webhook.after_check", "webhook.after_note"),
    "anybody": ("store.before_write", "store.sync", "store.after_write", "worker.after_bell"),
    "fal, sending": (
        "dispatch.after_claim", "submit.before_upload", "submit.after_upload", "submit.before_sending",
        "submit.sending", "submit.after_send", "submit.after_accept",
    ),
    "fal, collecting": (
        "collect.after_claim", "collect.after_result", "collect.after_save", "collect.after_download",
        "collect.after_store", "collect.after_record",
    ),
    "watch": ("follow.before_poll", "follow.after_poll", "follow.after_note", "sweep.before", "sweep.after"),
    "post": (
        "finish.after_claim", "finish.after_preview", "finish.before_complete", "convert.after_claim",
        "convert.before_complete",
    ),
    "local": ("worker.after_claim", "worker.before_complete"),
}  # fmt: skip
OF_WEB = ("web", "web, told by FAL", "anybody")


def test_every_point_of_the_code_is_in_the_matrix():
    paths = [path for folder in ("jobs", "image2model") for path in (ROOT / folder).rglob("*.py")]
    sources = [path.read_text() for path in paths if path.name != "failpoints.py"]
    in_code = set(re.findall(r'failpoint[(,]\s*"([a-z_.]+)"', "\n".join(sources)))
    in_code |= set(re.findall(r'"([a-z_.]+)" if kind == "sending" else "([a-z_.]+)"', "\n".join(sources))[0])
    in_matrix = [*itertools.chain.from_iterable(MATRIX.values())]
    assert in_code == set(POINTS)
    assert sorted(in_matrix) == sorted(POINTS)


def plan_waves(dice: random.Random, *, without: tuple[str, ...] = ()) -> list[list[str]]:
    """Each point once, each wave with at most one of every line of the matrix."""
    lines = [dice.sample(points, len(points)) for who, points in MATRIX.items() if who not in without]
    return [[point for point in wave if point] for wave in itertools.zip_longest(*lines)]


def test_waves_hold_every_point_once():
    waves = plan_waves(random.Random(1))
    assert sorted(itertools.chain.from_iterable(waves)) == sorted(POINTS)
    assert plan_waves(random.Random(1)) == waves


class Wave:
    """One round of everything the product does, while its processes are struck."""

    def __init__(self, scene: Scene, points: list[str], *, action: str) -> None:
        self.scene, self.stack, self.points, self.action = scene, scene.stack, points, action
        self.alice = scene.caller("alice")

    def run(self, *, deletes: str, converts: str) -> str:
        """Answers a finished job of the local engine. ``deletes``: a job to delete; ``converts``: one to convert."""
        for point in self.points:
            self.stack.arm(point, self.action)
        jobs = [self.alice.send(self.scene.fresh(2), engine="tripo-v2.5").body["job_id"]]
        jobs += [self.alice.send(self.scene.fresh(), engine="local").body["job_id"]]
        self.alice.insist(
            "POST", f"/api/v1/generations/{self._find_model(converts)}/formats", json={"formats": ["stl"]}
        )
        self.alice.insist("DELETE", f"/api/v1/jobs/{deletes}")
        self.stack.wait_until(self._has_sent, what=f"{self.points} to strike the sender")
        jobs.append(
            self.alice.send(self.scene.fresh(), engine="tripo-v2.5").body["job_id"]
        )  # the first may ask a person
        self.stack.wait_until(self._has_struck, what=f"{self.points} to strike")
        self.stack.wait_until(lambda: self.alice.is_over(jobs[1]), what="the job of the local engine")
        return jobs[1]

    def _find_model(self, job_id: str) -> str:
        job = self.alice.insist("GET", f"/api/v1/jobs/{job_id}").body
        return str(job["generations"][0]["id"])

    def _has_sent(self) -> bool:
        return all(self.stack.has_struck(point) for point in self.points if point in MATRIX["fal, sending"])

    def _has_struck(self) -> bool:
        return all(self.stack.has_struck(point) for point in self.points)


def make_local(scene: Scene, alice: Caller) -> str:
    job_id = alice.send(scene.fresh(), engine="local").body["job_id"]
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="a model")
    return str(job_id)


def has_model(alice: Caller, job_id: str) -> bool:
    """A bug may have failed it, and then there is nothing to convert."""
    return bool(alice.insist("GET", f"/api/v1/jobs/{job_id}").body["status"] == "completed")


def run_waves(scene: Scene, waves: list[list[str]], *, action: str, forgiven: tuple[str, ...] = ()) -> None:
    alice = scene.caller("alice")
    scene.stack.wait_until(lambda: "tripo-v2.5" in str(alice.call("GET", "/api/v1/models/available").body), what="FAL")
    old, new = make_local(scene, alice), make_local(scene, alice)
    for points in waves:
        third = Wave(scene, points, action=action).run(deletes=old, converts=new)
        old, new = new, third if has_model(alice, third) else make_local(scene, alice)
        judge(scene.stack, scene.history, forgiven_errors=forgiven)


class TestStrikes:
    pytestmark = IN_STACK

    def test_sigkill_at_every_point(self, scene: Scene):
        run_waves(scene, plan_waves(scene.stack.dice), action="kill")

    @pytest.mark.slow
    def test_sigstop_longer_than_the_lease_at_every_point(self, scene: Scene):
        run_waves(scene, plan_waves(scene.stack.dice), action="stop")

    @pytest.mark.slow
    def test_an_exception_at_every_point_of_the_workers(self, scene: Scene):
        """A bug fails its own generation at most, and says so."""
        waves = plan_waves(scene.stack.dice, without=OF_WEB)
        run_waves(scene, waves, action="raise", forgiven=("worker_crashed", "conversion_failed"))
