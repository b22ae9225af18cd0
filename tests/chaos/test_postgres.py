"""PostgreSQL crashes, hangs, is full of connections or throws them out: 503 at once, and nothing lost? (P17)"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest

from tests.chaos.checker import judge
from tests.chaos.client import Said
from tests.chaos.conftest import Scene
from tests.chaos.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(300)]
ANSWER_SECONDS = 6.0  # three are promised; the machine may be slow
ENGINE = "tripo-v2.5"


@pytest.fixture(scope="module")
def shared_scene(open_scene: Callable[..., Scene]) -> Scene:
    """On PostgreSQL, whatever the other tests run on."""
    scene = open_scene(on_postgres=True)
    alice = scene.caller()
    scene.stack.wait_until(lambda: ENGINE in str(alice.call("GET", "/api/v1/models/available").body), what="FAL")
    return scene


def hang(stack: Stack) -> None:
    """The server takes connections and says nothing."""
    for name in ("web-database", "work-database"):
        stack.set_weather(name, black_hole=True)


def let_go(stack: Stack) -> None:
    for name in ("web-database", "work-database"):
        stack.set_weather(name)
        stack.proxies[name].cut()


Change = Callable[[Stack], object]
FAULTS: dict[str, tuple[Change, Change]] = {
    "stopped at once": (
        lambda stack: stack.stop_part("database", signal.SIGQUIT), lambda stack: stack.revive("database"),
    ),
    "hangs": (hang, let_go),
    "is not to be reached": (
        lambda stack: [stack.set_weather(name, down=True) for name in ("web-database", "work-database")], let_go,
    ),
}  # fmt: skip


def assert_says_so(said: Said) -> None:
    assert (said.status, said.error_code) == (503, "database_unavailable"), said
    assert int(said.retry_after) > 0
    assert said.seconds < ANSWER_SECONDS


@pytest.mark.parametrize(
    "fault", ["stopped at once", "hangs", pytest.param("is not to be reached", marks=pytest.mark.slow)]
)
def test_it_is_told_and_everything_goes_on_afterwards(scene: Scene, fault: str):
    break_it, mend_it = FAULTS[fault]
    alice = scene.caller()
    before = alice.send(scene.fresh(3), engine=ENGINE)
    break_it(scene.stack)
    refused = alice.send(scene.fresh(2), engine="local", once=True)
    read = alice.call("GET", "/api/v1/jobs")
    alive = alice.call("GET", "/health")
    mend_it(scene.stack)
    assert_says_so(refused)
    assert_says_so(read)
    assert (alive.status, alive.seconds < ANSWER_SECONDS) == (200, True)
    after = alice.send(scene.fresh(2), engine="local")
    for each in (before, after):
        scene.stack.wait_until(lambda job_id=each.body["job_id"]: alice.is_over(job_id), what="the job")
    evidence = judge(scene.stack, scene.history)
    asked = {row["waiting_reason"] for row in evidence.rows["generations"]}
    assert "needs_decision" not in asked or evidence.submits


def test_connections_are_thrown_out_in_the_middle(scene: Scene):
    alice = scene.caller()
    jobs = [alice.send(scene.fresh(3), engine=engine).body["job_id"] for engine in (ENGINE, "local")]
    for _ in range(5):
        scene.stack.note(f"{scene.stack.end_connections()} connections are ended")
        alice.insist("GET", "/api/v1/jobs")
    for job_id in jobs:
        scene.stack.wait_until(lambda job_id=job_id: alice.is_over(job_id), what="the job")
    judge(scene.stack, scene.history)


def test_there_is_no_connection_left(scene: Scene):
    """Whoever gets none is told so; the work goes on as soon as there are some."""
    alice = scene.caller()
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(scene.stack.connect())
            except psycopg.OperationalError:
                break
        answers = [alice.call("GET", "/api/v1/jobs") for _ in range(3)]
    for each in answers:
        assert each.status == 200 or each.error_code == "database_unavailable"
    job_id = alice.send(scene.fresh(), engine="local").body["job_id"]
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="the job")
    judge(scene.stack, scene.history)


@pytest.mark.slow
def test_a_lock_is_waited_for(scene: Scene):
    alice = scene.caller()
    job_id = alice.send(scene.fresh(3), engine="local").body["job_id"]
    scene.stack.hold_database(2.0)
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="the job")
    judge(scene.stack, scene.history)
