"""Redis dies, forgets, hangs, fills up or refuses: are uploads still taken, and is nothing lost? (P16)"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing

import pytest
import redis

from tests.chaos.checker import judge
from tests.chaos.conftest import Scene
from tests.chaos.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(300)]
ANSWER_SECONDS = 6.0  # three are promised; the machine may be slow. Retries would take thirteen


def tell(stack: Stack, *words: str) -> None:
    with closing(redis.Redis(port=stack.ports["redis"], socket_timeout=5)) as client:
        client.execute_command(*words)


def kill_and_forget(stack: Stack) -> None:
    stack.stop_part("redis")
    for path in sorted((stack.folder / "valkey").rglob("*"), reverse=True):
        if path.is_file() and path.name != "valkey.conf":
            path.unlink()


def fill(stack: Stack) -> None:
    tell(stack, "CONFIG", "SET", "maxmemory", "1")


def make_room(stack: Stack) -> None:
    tell(stack, "CONFIG", "SET", "maxmemory", "0")


def set_weather(**weather: object) -> Callable[[Stack], None]:
    return lambda stack: stack.set_weather("web-redis", **weather)


Change = Callable[[Stack], object]
FAULTS: dict[str, tuple[Change, Change]] = {
    "killed, keeps what it knew": (lambda stack: stack.stop_part("redis"), lambda stack: stack.revive("redis")),
    "killed, comes back empty": (kill_and_forget, lambda stack: stack.revive("redis")),
    "hangs": (lambda stack: stack.kill("redis", signal.SIGSTOP), lambda stack: stack.kill("redis", signal.SIGCONT)),
    "is full": (fill, make_room),
    "is read-only": (lambda stack: tell(stack, "REPLICAOF", "127.0.0.1", "1"),
                     lambda stack: tell(stack, "REPLICAOF", "NO", "ONE")),
    "wants a password": (lambda stack: tell(stack, "CONFIG", "SET", "requirepass", "unknown"),
                         lambda stack: forget_password(stack)),
    "is slow": (set_weather(latency=2.0), set_weather()),
    "is cut off after 100 bytes": (set_weather(limit_data=100), set_weather()),
    "swallows everything": (set_weather(black_hole=True), set_weather()),
}  # fmt: skip


QUICK = ("killed, comes back empty", "hangs", "is full", "is cut off after 100 bytes")


def forget_password(stack: Stack) -> None:
    with closing(redis.Redis(port=stack.ports["redis"], password="unknown", socket_timeout=5)) as client:
        client.execute_command("CONFIG", "SET", "requirepass", "")


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in FAULTS]
)
def test_uploads_are_taken_and_nothing_is_lost(scene: Scene, fault: str):
    break_it, mend_it = FAULTS[fault]
    alice = scene.caller()
    scene.stack.note(f"redis: {fault}")
    break_it(scene.stack)
    taken = [alice.send(scene.fresh(), engine="local") for _ in range(2)]
    listed = alice.call("GET", "/api/v1/jobs")
    mend_it(scene.stack)
    assert [each.status for each in (*taken, listed)] == [200, 200, 200]
    assert max(each.seconds for each in (*taken, listed)) < ANSWER_SECONDS
    for each in taken:
        scene.stack.wait_until(lambda job_id=each.body["job_id"]: alice.is_over(job_id), what="the job")
    judge(scene.stack, scene.history)


def test_it_forgets_everything_while_a_batch_is_made(scene: Scene):
    alice = scene.caller()
    job_id = alice.send(scene.fresh(6), engine="local").body["job_id"]
    scene.stack.wait_until(lambda: (alice.look(job_id) or {}).get("counts", {}).get("completed"), what="a first model")
    scene.stack.note("FLUSHALL")
    tell(scene.stack, "FLUSHALL")
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="the batch")
    evidence = judge(scene.stack, scene.history)
    assert [row["completed"] for row in evidence.rows["jobs"] if str(row["id"]) == job_id] == [6]
